import { readFile, writeFile } from 'node:fs/promises'
import { withAccessTable } from './adminTexts.ts'
import { envExample, withTable } from './settingsTexts.ts'

/** `npm run settings`, from the root of the repository: writes what people read of the tables of settings and of the Admin API's routes. */
const PAGE = 'docs/configuration.md'
await writeFile('.env.example', envExample())
await writeFile(PAGE, withTable(await readFile(PAGE, 'utf8')))
const ADMIN_PAGE = 'docs/admin-api.md'
await writeFile(ADMIN_PAGE, withAccessTable(await readFile(ADMIN_PAGE, 'utf8')))

import { startEmbeddedPostgres } from '../embedded/postgres.ts'

// A process of its own that runs embedded Postgres until it is killed, or its stdin is closed because the test is gone:
// node --import tsx holdEmbeddedPostgres.ts FOLDER
const [folder] = process.argv.slice(2)
if (!folder) throw new Error('usage: holdEmbeddedPostgres.ts FOLDER')

process.stdin.on('end', () => process.exit()).resume()
startEmbeddedPostgres({ folder }).then(
  ({ url }) => {
    console.log(url)
  },
  (error: unknown) => {
    console.log(String(error))
    process.exit(1)
  },
)

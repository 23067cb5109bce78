import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { compileTenantSchema } from '@shared/contracts/tenantSchemas'
import { DEFAULT_POLICY } from '@shared/domain/agents'
import { ConfigError } from '../config/configError.ts'
import { loadConfig } from '../config/loadConfig.ts'
import { nearestName } from '../config/nearestName.ts'
import { type AgentViewConfig, defineConfig } from '../defineConfig.ts'
import {
  configWith,
  folder,
  installOldZod,
  installPackage,
  installReal,
  mistakeOf,
  write,
} from './fixtures/config/configFolder.ts'
import { COMPONENT, WHOLE_CONFIG, WHOLE_DEFINITION } from './fixtures/config/goodConfigs.ts'
import { BROKEN_SCHEMAS, DEFAULT_EXPORTS, FAILURES, FOREIGN_SCHEMAS, MISTAKES } from './fixtures/config/mistakes.ts'

describe('a good config', () => {
  test('becomes definitions with the default policy and protocol', async () => {
    expect((await loadConfig(await write('agentview.config.ts', configWith('')))).agents).toStrictEqual([
      {
        name: 'support',
        url: 'http://localhost:4100',
        version: '1.0.0',
        protocol: 'agentview',
        policy: DEFAULT_POLICY,
        runs: [{ type: 'chat' }],
      },
    ])
  })

  test('overrides single values of the policy', async () => {
    const text = configWith('', "policy: { retries: { max: 7 }, onBusy: 'reject' },")
    const [agent] = (await loadConfig(await write('agentview.config.ts', text))).agents
    const retries = { ...DEFAULT_POLICY.retries, max: 7 }
    expect(agent?.policy).toStrictEqual({ ...DEFAULT_POLICY, retries, onBusy: 'reject' })
  })

  test('keeps schemas and leaves out what only Studio reads', async () => {
    expect((await loadConfig(await write('agentview.config.ts', WHOLE_CONFIG))).agents).toStrictEqual([
      WHOLE_DEFINITION,
    ])
  })

  test('may import components, styles and pictures, without React being installed', async () => {
    await write('Message.tsx', COMPONENT)
    const text = `import { Message } from './Message.tsx'\n${configWith(
      'input: { schema: {}, displayComponent: Message }, output: { schema: {}, displayComponent: () => <Message item={{}} /> }',
    )}`
    const [agent] = (await loadConfig(await write('agentview.config.tsx', text))).agents
    expect(agent?.runs).toStrictEqual([{ type: 'chat', input: { schema: {} }, output: { schema: {} } }])
  })

  test('may import components whose package only loads in a browser', async () => {
    await installPackage('browser-only', 'window.started = true; export const Button = 1')
    const text = `import { Button } from 'browser-only'\n${configWith('output: { schema: {}, displayComponent: Button }')}`
    expect((await loadConfig(await write('agentview.config.ts', text))).agents).toHaveLength(1)
  })

  test('finds packages, files beside it and its own address from its own folder', async () => {
    await installPackage('schemas', "export const text = { type: 'string' }")
    await write('more/answer.ts', 'export const answer: object = { type: "number" }')
    const text = `import { readFileSync } from 'node:fs'
      import { text } from 'schemas'
      import { answer } from './more/answer'
      const read = JSON.parse(readFileSync(new URL('./schema.json', import.meta.url), 'utf8'))
      ${configWith('', 'metadata: { text, answer, read },')}`
    await write('schema.json', '{ "type": "boolean" }')
    const [agent] = (await loadConfig(await write('agentview.config.ts', text))).agents
    expect(agent?.metadata).toStrictEqual({
      text: { type: 'string' },
      answer: { type: 'number' },
      read: { type: 'boolean' },
    })
  })

  test('is loaded afresh each time, with the files it imports, and leaves nothing behind', async () => {
    const text = `import { title } from './title.ts'\n${configWith('', 'title,')}`
    const file = await write('agentview.config.ts', text)
    for (const title of ['One', 'Two']) {
      await write('title.ts', `export const title = '${title}'`)
      expect((await loadConfig(file)).agents[0]?.title).toBe(title)
    }
    expect((await readdir(folder)).sort()).toEqual(['agentview.config.ts', 'title.ts'])
  })

  test('is typed by defineConfig and returned unchanged', () => {
    const config: AgentViewConfig = {
      agents: [{ name: 'a', url: 'http://x', version: '1.0.0', policy: { timeouts: { idleMs: 10 } }, runs: [] }],
    }
    expect(defineConfig(config)).toBe(config)
    // @ts-expect-error: an agent needs a name
    defineConfig({ agents: [{ url: 'http://x', version: '1.0.0', runs: [] }] })
    // @ts-expect-error: no such member
    defineConfig({ agents: [], agent: [] })
  })
})

describe('schemas of other libraries', () => {
  const run = 'input: { schema },'

  test('TypeBox is JSON Schema', async () => {
    await installReal('typebox')
    const text = `import { Type } from 'typebox'
      const schema = Type.Object({ text: Type.Optional(Type.String()) })\n${configWith(run)}`
    const [agent] = (await loadConfig(await write('agentview.config.ts', text))).agents
    const schema = { type: 'object', properties: { text: { type: 'string' } } }
    expect(agent?.runs[0]?.input).toStrictEqual({ schema })
  })

  test('a Standard JSON Schema gives that of its input', async () => {
    const text = `const schema = { '~standard': { version: 1, vendor: 'x', jsonSchema: {
        input: ({ target }) => ({ type: 'string', title: target }), output: () => ({ type: 'number' }) } } }\n${configWith(run)}`
    const [agent] = (await loadConfig(await write('agentview.config.ts', text))).agents
    expect(agent?.runs[0]?.input).toStrictEqual({ schema: { type: 'string', title: 'draft-2020-12' } })
  })

  test.each([
    ['Zod 4', 'zod', "import { z } from 'zod'", 'z.object({ text: z.string().min(1), at: z.string().optional() })'],
    ['ArkType', 'arktype', "import { type } from 'arktype'", "type({ text: 'string >= 1', 'at?': 'string' })"],
  ])('%s, the real one, is checked as it says', async (_library, name, imports, schema) => {
    await installReal(name)
    const text = `${imports}\nconst schema = ${schema}\n${configWith(run)}`
    const [agent] = (await loadConfig(await write('agentview.config.ts', text))).agents
    const check = compileTenantSchema(agent!.runs[0]!.input!.schema)
    expect(check({ text: 'x' })).toBeNull()
    expect(check({ text: 'x', at: 'y' })).toBeNull()
    expect(check({ text: '' })).toMatchObject([{ path: '/text' }])
    expect(check({ text: 'x', at: 1 })).toMatchObject([{ path: '/at' }])
    expect(check({})).toHaveLength(1)
  })

  test('Valibot, which has no JSON Schema of its own, is refused, and taken with its converter', async () => {
    await installReal('valibot', '@valibot/to-json-schema')
    const imports = "import * as v from 'valibot'\nimport { toStandardJsonSchema } from '@valibot/to-json-schema'"
    const withSchema = (schema: string) => `${imports}\nconst schema = ${schema}\n${configWith(run)}`
    expect(await mistakeOf(withSchema('v.object({ text: v.string() })'))).toMatch(
      /is a valibot schema, which can't give JSON Schema by itself/,
    )
    const converted = withSchema('toStandardJsonSchema(v.object({ text: v.string() }))')
    const [agent] = (await loadConfig(await write('agentview.config.ts', converted))).agents
    const schema = { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] }
    expect(agent?.runs[0]?.input?.schema).toMatchObject(schema)
  })

  test('several of them stand in one config beside components with styles and pictures', async () => {
    await installReal('zod', 'typebox', 'react')
    await write('styles/card.css', '.card { color: red }')
    await write('card.png', 'not read')
    await write(
      'Card.tsx',
      `import { useState } from 'react'
       import './styles/card.css'
       import picture from './card.png'
       export function Card({ item }: { item: { text: string } }) {
         const [open, setOpen] = useState(false)
         return <button className="card" onClick={() => setOpen(!open)}><img src={picture} />{open && item.text}</button>
       }`,
    )
    const text = `import { z } from 'zod'
import { Type } from 'typebox'
import { Card } from './Card'
${configWith(
  `input: { schema: z.strictObject({ text: z.string() }), displayComponent: Card },
   steps: [{ schema: Type.Object({ step: Type.Literal('look_up') }), displayComponent: ({ item }) => <Card item={item} /> }],
   output: { schema: { type: 'object', required: ['text'] }, displayComponent: Card },`,
)}`
    const { agents, files } = await loadConfig(await write('agentview.config.tsx', text))
    expect(agents[0]?.runs).toMatchObject([
      {
        input: { schema: { type: 'object', properties: { text: { type: 'string' } }, additionalProperties: false } },
        steps: [{ schema: { type: 'object', properties: { step: { const: 'look_up' } }, required: ['step'] } }],
        output: { schema: { type: 'object', required: ['text'] } },
      },
    ])
    expect(files.toSorted()).toEqual([join(folder, 'Card.tsx'), join(folder, 'agentview.config.tsx')])
  })

  test('an older Zod 4 is converted by the zod beside the config', async () => {
    await installOldZod()
    const text = `import { string } from 'zod'\nconst schema = string()\n${configWith(run)}`
    const [agent] = (await loadConfig(await write('agentview.config.ts', text))).agents
    expect(agent?.runs[0]?.input).toStrictEqual({ schema: { type: 'string', title: 'draft-2020-12 input' } })
  })

  test.each(FOREIGN_SCHEMAS)('%s is refused', async (schema, reason) => {
    const message = await mistakeOf(configWith(`input: { schema: ${schema} },`))
    expect(message).toBe(`agentview.config.ts:6:16: agents[0].runs[0].input.schema ${reason}`)
  })

  test('schemas that would take long to be compiled together are refused', async () => {
    const large = '{ $defs: Object.fromEntries(Array.from({ length: 1_900 }, (_, index) => [`d${index}`, {}])) }'
    const steps = (count: number) => `steps: [${Array.from({ length: count }, () => `{ schema: ${large} }`).join()}],`
    expect((await loadConfig(await write('agentview.config.ts', configWith(steps(3))))).agents).toHaveLength(1)
    expect(await mistakeOf(configWith(steps(4)))).toContain(
      'agents[0] has schemas of 7608 parts in all; 6000 are the most',
    )
  })

  test('a schema in the place of what holds it is refused', async () => {
    const message = await mistakeOf(configWith("input: { '~standard': {} },"))
    expect(message).toBe(
      'agentview.config.ts:6:7: agents[0].runs[0].input is itself a schema; expected is { schema: … } around it',
    )
  })

  test('a schema from a package that is not installed is refused by the name of the package', async () => {
    const message = await mistakeOf(`import { z } from 'zod'\n${configWith('input: { schema: z.object({}) },')}`)
    expect(message).toMatch(
      /^agentview\.config\.ts:7:16: agents\[0\]\.runs\[0\]\.input\.schema comes from "zod", which can not be found from .*\(is it installed\?\)$/,
    )
  })
})

describe('a mistake is told with its line', () => {
  test.each(MISTAKES)('%s', async (_name, run, agent, expected) => {
    expect(await mistakeOf(configWith(run, agent))).toBe(`agentview.config.ts${expected}`)
  })

  test('patterns are explained', async () => {
    const text =
      "export default { agents: [{ name: 'a', url: 'http://x', version: '1.0.0', runs: [\n  { type: '1 a' }] }] }"
    expect(await mistakeOf(text)).toBe(
      'agentview.config.ts:2:5: agents[0].runs[0].type must match pattern "^[a-zA-Z][a-zA-Z0-9_-]{0,63}$" (letters, digits, _ and -, a letter first, at most 64); it is "1 a"',
    )
  })

  test('in the file and the constant where it was written', async () => {
    await write('policy.ts', '\nexport const policy = {\n  retries: { max: -1 },\n}\n')
    const text = `import { policy } from './policy.ts'\n${configWith('', 'policy,')}`
    expect(await mistakeOf(text)).toBe('policy.ts:3:14: agents[0].policy.retries.max must be >= 0; it is -1')
  })

  test('at the object when the member was spread into it or computed', async () => {
    const text = `const base = { name: 'a', url: 'ftp://x', version: '1.0.0' }
      export default { agents: ['a'].map(() => (
        { ...base, runs: [{ type: 'chat' }] })) }`
    expect(await mistakeOf(text)).toMatch(/^agentview\.config\.ts:3:9: agents\[0\]\.url must match pattern/)
  })

  test('two agents of one name', async () => {
    const agent = "{ name: 'twin', url: 'http://x', version: '1.0.0', runs: [{ type: 'chat' }] }"
    expect(await mistakeOf(`export default { agents: [\n${agent},\n${agent}] }`)).toBe(
      'agentview.config.ts:3:3: agents[1].name "twin" is already the name of agents[0]',
    )
  })

  test('two run types of one name', async () => {
    expect(await mistakeOf(configWith("}, { type: 'chat'"))).toBe(
      'agentview.config.ts:6:12: agents[0].runs[1].type "chat" is already the type of agents[0].runs[0]',
    )
  })
})

describe('a schema that the server can not use is refused with the reason', () => {
  test.each(BROKEN_SCHEMAS)('%s', async (_name, schema, expected) => {
    expect(await mistakeOf(configWith(`input: { schema: ${schema} },`))).toBe(`agentview.config.ts${expected}`)
  })

  test('one that contains itself', async () => {
    const text = `const tree: any = { properties: {} }\ntree.properties.tree = tree\n${configWith('input: { schema: tree },')}`
    expect(await mistakeOf(text)).toMatch(/is nested deeper than 64 levels \(does it refer to itself\?\)$/)
  })

  test('a metadata schema and a step as well', async () => {
    expect(await mistakeOf(configWith('', "metadata: { a: { $ref: 'x' } },"))).toMatch(
      /:4:87: agents\[0\]\.metadata\.a\.\$ref/,
    )
    const step = "steps: [{ schema: {}, callResult: { schema: { pattern: '(' } } }],"
    expect(await mistakeOf(configWith(step))).toMatch(
      /:6:53: agents\[0\]\.runs\[0\]\.steps\[0\]\.callResult\.schema\.pattern/,
    )
  })
})

describe('a config that does not load', () => {
  test.each(FAILURES)('%s', async (_name, text, expected) => {
    expect(await mistakeOf(text)).toBe(`agentview.config.ts${expected}`)
  })

  test('throws in a file it imports, after literals on the same line', async () => {
    await write('broken.ts', 'const none: any = undefined;\nexport const a = [{ b: [1] }, none.member]')
    expect(await mistakeOf("import { a } from './broken.ts'\nexport default { agents: a }")).toBe(
      "broken.ts:2:36: can't be loaded: TypeError: Cannot read properties of undefined (reading 'member')",
    )
  })

  test('is not there: says where it was looked for and how to make one that works', async () => {
    const file = join(folder, 'nowhere/agentview.config.ts')
    const error: unknown = await loadConfig(file).catch((error: unknown) => error)
    const message = error instanceof ConfigError ? error.message : ''
    expect(message).toContain(`${file}: there is no such file. Make one like this:`)
    const example = message.split('\n\n').slice(1).join('\n\n')
    expect((await loadConfig(await write('agentview.config.ts', example))).agents).toHaveLength(1)
  })

  test('is a folder', async () => {
    await expect(loadConfig(folder)).rejects.toThrow('is not a file')
  })
})

test.each(DEFAULT_EXPORTS)('the default export: %s', async (text, expected) => {
  expect(await mistakeOf(text)).toBe(`agentview.config.ts${expected}`)
})

test('the nearest name is one that a slip of the fingers away', () => {
  const known = ['name', 'title', 'displayComponent']
  expect(nearestName('nmae', known)).toBe('name')
  expect(nearestName('Title', known)).toBe('title')
  expect(nearestName('displayComponents', known)).toBe('displayComponent')
  expect(nearestName('colour', known)).toBeUndefined()
})

describe('tokens of the customer’s own', () => {
  const withAuth = (auth: string) => configWith('').replace('  agents:', `  auth: ${auth},\n  agents:`)
  const SECRET = "secret: 'a secret of more than thirty-two letters'"
  const KEYS = "jwksUrl: 'https://shop.example/keys'"

  test('are verified by what the config says', async () => {
    const whole = `{ issuer: 'https://shop.example', audience: 'agentview', ${KEYS} }`
    const { auth } = await loadConfig(await write('agentview.config.ts', withAuth(whole)))
    const about = { issuer: 'https://shop.example', audience: 'agentview' }
    expect(auth).toEqual({ ...about, jwksUrl: 'https://shop.example/keys' })
    expect((await loadConfig(await write('agentview.config.ts', configWith('')))).auth).toBeNull()
  })

  test.each([
    ['{}', 'either secret or jwksUrl'],
    [`{ ${SECRET}, ${KEYS} }`, 'either secret or jwksUrl'],
    [`{ ${KEYS}, issuer: 'x' }`, 'issuer and audience'],
    [`{ ${KEYS}, audience: 'x' }`, 'issuer and audience'],
    ["{ jwksUrl: 'ftp://x', issuer: 'x', audience: 'x' }", 'jwksUrl'],
  ])('%s is refused', async (auth, expected) => {
    expect(await mistakeOf(withAuth(auth))).toContain(expected)
  })

  test('a secret that is too short is refused without being told', async () => {
    const told = await mistakeOf(withAuth("{ secret: 'hush-hush' }"))
    expect(told).toContain('secret')
    expect(told).not.toContain('hush-hush')
  })
})

import { expect, test } from '@jest/globals'
import { type AgentDefinition, DEFAULT_POLICY } from '../agents.ts'
import { type PublishMode, type PublishPlan, type PublishedVersion, planPublish } from '../planPublish.ts'

/** A definition of a version, told apart by its title. */
const define = (version: string, title: string): AgentDefinition => ({
  name: 'a',
  title,
  url: 'http://x',
  version,
  protocol: 'agentview',
  policy: DEFAULT_POLICY,
  runs: [{ type: 'chat' }],
})

/** `1.0.0 A*`: version and title, with a star the active one; a dev version's definition names what it was made after. */
function known(...texts: string[]): PublishedVersion[] {
  return texts.map((text) => {
    const [version = '', title = ''] = text.split(' ')
    const definition = define(version.replace(/-dev.*/, ''), title.replace('*', ''))
    return { version, definition, active: title.endsWith('*') }
  })
}

test.each<[string, PublishMode[], PublishedVersion[], [string, string], PublishPlan]>([
  ['a first version', ['push', 'develop', 'start'], [], ['1.0.0', 'A'], { outcome: 'published', version: '1.0.0' }],
  [
    'a new version',
    ['push', 'develop', 'start'],
    known('1.0.0 A*'),
    ['1.1.0', 'B'],
    { outcome: 'published', version: '1.1.0' },
  ],
  [
    'a new version with nothing else new',
    ['push', 'develop', 'start'],
    known('1.0.0 A*'),
    ['1.1.0', 'A'],
    { outcome: 'published', version: '1.1.0' },
  ],
  [
    'what is active',
    ['push', 'develop', 'start'],
    known('1.0.0 A', '1.1.0 B*'),
    ['1.1.0', 'B'],
    { outcome: 'unchanged', version: '1.1.0' },
  ],
  [
    'a version taken by another definition',
    ['push', 'start'],
    known('1.0.0 A*'),
    ['1.0.0', 'B'],
    { outcome: 'version_exists', version: '1.0.0' },
  ],
  [
    'a version taken by another definition',
    ['develop'],
    known('1.0.0 A*'),
    ['1.0.0', 'B'],
    { outcome: 'published', version: '1.0.0-dev.1' },
  ],
  [
    'an older version',
    ['push', 'develop'],
    known('1.0.0 A', '1.1.0 B*'),
    ['1.0.0', 'A'],
    { outcome: 'activated', version: '1.0.0' },
  ],
  // Somebody has rolled back from 1.1.0, which the config still names: a restart leaves it so.
  [
    'the version that was rolled back',
    ['start'],
    known('1.0.0 A*', '1.1.0 B'),
    ['1.1.0', 'B'],
    { outcome: 'unchanged', version: '1.1.0' },
  ],
  [
    'the version that was rolled back',
    ['push'],
    known('1.0.0 A*', '1.1.0 B'),
    ['1.1.0', 'B'],
    { outcome: 'activated', version: '1.1.0' },
  ],
  // A -dev.N is for whoever develops: a push never makes it active.
  [
    'what a dev version is',
    ['push', 'start'],
    known('1.0.0 A*', '1.0.0-dev.1 B'),
    ['1.0.0', 'B'],
    { outcome: 'version_exists', version: '1.0.0' },
  ],
  [
    'what a dev version is',
    ['develop'],
    known('1.0.0 A*', '1.0.0-dev.1 B'),
    ['1.0.0', 'B'],
    { outcome: 'activated', version: '1.0.0-dev.1' },
  ],
  [
    'what two dev versions are, of which one is active',
    ['develop'],
    known('1.0.0 A', '1.0.0-dev.1 B', '1.0.0-dev.2 B*'),
    ['1.0.0', 'B'],
    { outcome: 'unchanged', version: '1.0.0-dev.2' },
  ],
])('%s (%j)', (_what, modes, there, [version, title], expected) => {
  for (const mode of modes) expect(planPublish(define(version, title), there, mode)).toEqual(expected)
})

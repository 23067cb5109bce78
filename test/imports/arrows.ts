const CONTRACTS = ['shared/domain', 'shared/contracts']
/** Where the fault harness can strike: inert without it, and open to all that run on the server. */
const SERVER = [...CONTRACTS, 'shared/failpoints']
const STORE_AND_BROKER = [...SERVER, 'shared/store', 'shared/broker']

/** The arrows of docs: which workspaces each one may import. A workspace without a line may import none of ours. */
export const ARROWS: Readonly<Record<string, readonly string[]>> = {
  'shared/domain': [],
  'shared/contracts': ['shared/domain'],
  'shared/failpoints': [],
  'shared/outbound': ['shared/domain'],
  'shared/store': SERVER,
  'shared/broker': SERVER,
  'shared/limits': ['shared/domain', 'shared/store', 'shared/broker'],
  'shared/intake': [...STORE_AND_BROKER, 'shared/limits'],
  'shared/delivery': STORE_AND_BROKER,
  'shared/http': [...SERVER, 'shared/store', 'shared/intake'],
  'services/*': [...STORE_AND_BROKER, 'shared/outbound', 'shared/intake', 'shared/delivery', 'shared/http'],
  'workers/agent': [...SERVER, 'shared/outbound'],
  'workers/webhooks': ['shared/domain', 'shared/failpoints', 'shared/outbound', 'shared/store'],
  'workers/jobs': [...STORE_AND_BROKER, 'shared/outbound', 'shared/intake', 'workers/agent', 'workers/webhooks'],
  migrations: ['shared/store'],
  cli: ['*'],
  'examples/*': [...CONTRACTS, 'sdk/*', 'studio'],
  bench: [...SERVER, 'shared/store', 'migrations', 'cli', 'sdk/contracts', 'sdk/client'],
  'sdk/contracts': CONTRACTS,
  'sdk/client': ['sdk/contracts'],
  'sdk/react': ['sdk/client'],
  'sdk/packaging': [],
  'sdk/*': [...CONTRACTS, 'sdk/*'],
  studio: [...CONTRACTS, 'sdk/*'],
}

/** Configuration is read once, by what starts processes, and passed down. Only a failpoint looks for its own variable. */
export const MAY_READ_ENVIRONMENT: readonly string[] = ['cli', 'bench', 'examples/*', 'shared/failpoints']

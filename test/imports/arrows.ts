const CONTRACTS = ['shared/domain', 'shared/contracts']
const STORE_AND_BROKER = [...CONTRACTS, 'shared/store', 'shared/broker']

/** The arrows of docs: which workspaces each one may import. A workspace without a line may import none of ours. */
export const ARROWS: Readonly<Record<string, readonly string[]>> = {
  'shared/domain': [],
  'shared/contracts': ['shared/domain'],
  'shared/store': CONTRACTS,
  'shared/broker': CONTRACTS,
  'shared/intake': STORE_AND_BROKER,
  'shared/delivery': STORE_AND_BROKER,
  'shared/http': [...CONTRACTS, 'shared/store', 'shared/intake'],
  'services/*': [...STORE_AND_BROKER, 'shared/intake', 'shared/delivery', 'shared/http'],
  'workers/agent': CONTRACTS,
  'workers/jobs': [...STORE_AND_BROKER, 'shared/intake', 'workers/agent'],
  migrations: ['shared/store'],
  cli: ['*'],
  'examples/*': CONTRACTS,
  bench: [...CONTRACTS, 'cli'],
  'sdk/*': [...CONTRACTS, 'sdk/*'],
  studio: [...CONTRACTS, 'sdk/*'],
}

/** Configuration is read once, by what starts processes, and passed down. */
export const MAY_READ_ENVIRONMENT: readonly string[] = ['cli', 'bench', 'examples/*']

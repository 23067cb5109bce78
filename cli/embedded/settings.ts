/**
 * How the embedded Postgres is set up, on its command line, so that folders made by an older version get it as well.
 * Durability (fsync, synchronous_commit, full_page_writes) and autovacuum stay at their defaults: on.
 */
export const SETTINGS: Readonly<Record<string, string>> = {
  cluster_name: 'agentview',
  // Nothing but this machine reaches it.
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',

  // Small: one process and its pools use it, and it shares a laptop.
  max_connections: '80',
  shared_buffers: '32MB',
  wal_buffers: '1MB',
  maintenance_work_mem: '32MB',
  huge_pages: 'off',
  jit: 'off',
  io_method: 'sync',
  max_worker_processes: '2',
  max_parallel_workers: '0',
  max_parallel_workers_per_gather: '0',
  max_parallel_maintenance_workers: '0',
  autovacuum_worker_slots: '2',
  autovacuum_max_workers: '2',

  // No replicas and no logical decoding: less written, and the launcher process of the latter is not started.
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_replication_slots: '0',
  max_logical_replication_workers: '0',
  max_wal_size: '512MB',

  log_checkpoints: 'off',
}

/** The settings as arguments of `postgres`. */
export function settingArguments(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

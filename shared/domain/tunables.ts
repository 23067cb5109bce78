/** Every interval, cap and time to live, each with what breaks when it is moved. Milliseconds and bytes unless said. */
const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const KIB = 1_024
const MIB = 1_024 * KIB

export const tunables = {
  /** A request's body. Longer bodies hold memory before they are refused; shorter ones refuse long pastes. */
  bodyBytes: 1 * MIB,
  /** One item's JSON. Items travel in events, so this also bounds a pub/sub message. */
  itemBytes: 256 * KIB,
  /** Metadata of a session, run or end user: sent to the agent app on every call. */
  metadataBytes: 64 * KIB,
  /** What is remembered of an end user. */
  memories: {
    /** Of one person. All are read for each list, search and call; an agent app's new ones make the oldest forgotten. */
    most: 1_000,
    contentBytes: 4 * KIB,
    topicChars: 100,
    /** The newest ones are sent to the agent app, up to so many and so many bytes. */
    told: 100,
    toldBytes: 64 * KIB,
    /** What one run may write. */
    writes: 100,
  },
  /** The value of a score. It travels in an event. */
  scoreBytes: 16 * KIB,
  /** One line of an agent app's stream. */
  streamLineBytes: 1 * MIB,
  /** All that one attempt, or a run that its agent app carries out by itself, may send. A flood ends the run, not the worker. */
  agentAnswerBytes: 8 * MIB,
  /** How many items one attempt, or a run that its agent app carries out by itself, may make. */
  agentAnswerItems: 10_000,
  /**
   * What the changes of one attempt's items and metadata may cost, in members of objects copied (some 300 ns each), for the worker and again
   * for whoever folds the run. Less refuses large objects that are streamed member by member (3,000 members cost this
   * much); more lets one agent app hold up a whole process.
   */
  agentAnswerWork: 5_000_000,
  /** A stream that keeps a worker busy lets heartbeats and other runs have a turn after this. */
  agentSlice: 10,
  /** How much of an agent app's answer is kept for people to read. */
  keptResponseBytes: 64 * KIB,
  /** A Socket.IO packet; a larger one disconnects its sender. */
  socketPacketBytes: 1 * MIB,
  /** Nesting of any JSON that is stored. Deeper overflows JSON.stringify (5,000) and jsonb. */
  jsonDepth: 64,
  /** Accepting messages together. */
  accept: {
    /** While fewer messages are under way, the next ones don't wait for them. More makes more, smaller transactions. */
    few: 4,
    /** Transactions of one process under way at once. */
    most: 3,
    /** One that takes longer lets others go beside it. Longer makes all wait for one connection that hangs. */
    patience: 250,
    /** Messages of one batch. More make the first ones wait for the others' writing. */
    messages: 64,
    /** Sessions and agents' versions that a process remembers. Fewer are read again before a message of theirs is accepted. */
    knownSessions: 20_000,
    knownVersions: 1_000,
  },
  /** Runs that may wait in one session. GET session reads them all; fewer refuse whoever sends many short messages. */
  sessionQueue: 100,
  /** Messages of one batch. More make a request that takes seconds. */
  batchMessages: 100,
  /** Of them, how many are under way at once. More would take all connections of a process' pool. */
  batchTogether: 32,
  /** Rows of a list's page. */
  listMax: 200,
  /** So many waiting runs are counted for `/metrics`: above, scaling has long been due. More: a scrape costs milliseconds. */
  gaugedRuns: 10_000,
  listDefault: 50,
  /** Items that GET session and a snapshot carry. */
  sessionItems: 200,

  /** After this without a heartbeat a worker's runs are given to others; leases.ts derives the rest from it. */
  lease: 15 * SECOND,
  /** How often the reconciler looks. Recovery of a lost bell is at most reconcile + ringAgain. */
  reconcile: 1_500,
  /**
   * A leading reconciler that says nothing for so long loses its lock, and another leads: its process may be stopped, or
   * cut off from Postgres. Must exceed `reconcile`; longer delays every takeover that waits for it.
   */
  reconcilerSilence: 3 * SECOND,
  /** A due run that nobody claimed is rung again after this. Shorter floods the queue when all workers are busy. */
  ringAgain: 3 * SECOND,
  /** How many due runs one look of the reconciler rings at most. */
  reconcileRings: 500,
  /** How often what is never urgent is done: partitions for coming deltas, forgetting what is past its time. */
  housekeeping: 1 * MINUTE,
  /** What a stopping worker waits for its runs before it gives them back. */
  drain: 20 * SECOND,
  /** A run (after a pause: a leg) that isn't over so long after it could start is failed. Paused and external runs have times of their own. */
  runDeadline: 1 * HOUR,
  /** How long a run that its agent app carries out by itself may be silent, unless its definition says otherwise. */
  externalIdle: 1 * MINUTE,
  /** What a push waits for the worker to have read the agent app's 202: agent apps may be faster than its commit. */
  handOver: 2 * SECOND,
  /** How long messages that are merged may put off their run, however often they come. */
  maxDebounce: 30 * SECOND,
  /** Messages of one run at most; the next one begins another run. */
  mergedInputs: 100,
  /** A run whose worker was lost so often is carried out alone, in the quarantine. The store's SQL has the same number. */
  quarantineLapses: 2,
  /** A run whose worker was lost so often is failed: it is likely to be what kills them. */
  lapsesMax: 3,
  /** How often a quarantine process looks for runs, and after how long without one it ends. */
  quarantineLook: 500,
  quarantineRest: 10 * SECOND,

  /** Between two appends of one worker; the first delta of a run goes at once. */
  flush: 50,
  /** Ending runs together; as `accept`. */
  finish: { few: 4, most: 3, patience: 250 },
  /** Characters of JSON of ends that are written together. More makes the others wait for a large answer. */
  finishChars: 2 * MIB,
  /** History that an agent app is sent at most, unless its policy says otherwise. */
  historyItems: 1_000,
  historyBytes: 2 * MIB,
  /** Earlier items that come with a claim. More is read for nothing in long sessions, less costs a statement more for each run of shorter ones. */
  claimedHistory: 24,

  /** Keys of customers' own tokens: how long they are kept, how often an unknown one makes them be fetched anew, the patience, and how large a set may be. */
  jwks: { kept: 10 * MINUTE, cooldown: 30 * SECOND, timeout: 3 * SECOND, maxBytes: 1 * MIB },
  /** A producer's Redis command; after it the bell is left to the reconciler. */
  redisCommand: 250,
  /** A pool's connection to Postgres. Shorter fails under a burst, longer hides an outage. */
  postgresConnect: 5 * SECOND,
  /** No statement of the services runs longer. */
  postgresStatement: 30 * SECOND,
  /** A transaction that its client left open is ended by Postgres: it may hold a head. */
  postgresIdleInTransaction: 5 * SECOND,

  /** Live events that arrive out of order are waited for this long before they are read from Postgres. */
  reorder: 20,
  /** Each node compares the last seq of all watched sessions: the last publish of a session may have been lost. */
  sweep: 2 * SECOND,
  /**
   * What it finds is read if it was not heard so much later. Less reads half of the sessions that are being answered, on
   * as many connections as there are; more shows what was lost later.
   */
  sweepPatience: 250,
  /** Each node asks whether those who read there still may: that they were revoked or erased may not have been heard. */
  principalSweep: 5 * SECOND,
  /** Events read at once when a reader catches up. */
  replayPage: 500,
  /** What may wait unsent for one reader. One with more reads on from Postgres once it has taken that. */
  readerBytes: 1 * MIB,
  /** Subscriptions that begin together share their lookups. More lets the first of them wait for a longer statement. */
  subscribeTogether: 500,
  /**
   * Characters of events that are written to one reader at once. More makes fewer and larger writes when much comes
   * together; a reader that falls behind is noticed between two of them.
   */
  sendChars: 64 * KIB,
  /** A reader that takes so long for it is cut (it resumes by cursor). Shorter cuts those on slow networks. */
  readerStall: 10 * SECOND,
  /** Comment lines that keep proxies from closing an idle stream. */
  streamHeartbeat: 15 * SECOND,
  /** The longest `Prefer: wait`, in seconds. */
  waitMaxSeconds: 60,

  /** Telling endpoints of events. */
  webhooks: {
    /** Endpoints of an organization. Each end of a run writes a row for each of them. */
    endpoints: 20,
    urlChars: 2_000,
    /** What is written within this is claimed at once. Longer delivers later, shorter asks Postgres more often. */
    gather: 50,
    /** So many times as long as a claim takes is waited for the next one, up to `look`: a sender asks for little of Postgres. */
    seldom: 5,
    /** How often a sender looks by itself: for what other processes wrote, and for what is due again. */
    look: 1 * SECOND,
    /** Deliveries that one process sends at once, and of them to one endpoint: one that is slow must not take them all. */
    concurrency: 64,
    perEndpoint: 16,
    /** Until a receiver is connected, and until it has answered. Longer holds more places for receivers that hang. */
    connect: 5 * SECOND,
    total: 15 * SECOND,
    /** What is read of an answer for the sake of its connection; nothing of it is kept. */
    answerBytes: 16 * KIB,
    answerRest: 1 * SECOND,
    /** After this a claimed delivery is taken for lost and sent again. Must exceed connect, total and rest together. */
    lease: 45 * SECOND,
    /** Pauses after the first, second … attempt that failed; after the last one the delivery is dead. Some 47 hours in all. */
    retries: [
      ...[5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 1 * HOUR],
      ...[3 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR],
    ],
    /** Each pause is longer or shorter by up to this part, so that what failed together doesn't come back together. */
    jitter: 0.1,
    /** An old secret goes on signing after a rotation: the time in which receivers have to change over. */
    oldSecret: 24 * HOUR,
    /** Secrets that sign at once at most: each adds 48 bytes to a header. */
    oldSecrets: 4,
    /** Deliveries are forgotten this long after they were written, whatever became of them. */
    kept: 30 * DAY,
    /** Rows that one statement of forgetting takes, and statements of one round of housekeeping. */
    forgetBatch: 5_000,
    forgetBatches: 20,
  },

  /** Limits of what each principal and address may ask; how much stands in the settings. */
  rateLimits: {
    /** Limits are of a minute. Longer lets whoever spent his wait longer. */
    window: 1 * MINUTE,
    /** A process tells the others each time so small a part of a limit was spent. More parts are more exact and cost the store more. */
    blocks: 20,
    /** Reports of one limit under way at once. More would take connections to Postgres that requests need. */
    reports: 4,
    /** Holders of one limit whom a process remembers. Of more than that, those are forgotten who came first. */
    holders: 100_000,
  },
  /**
   * What a tenant's JSON Schema may be. More takes seconds to be compiled, in which its process does nothing else; less
   * refuses agents with many kinds of items.
   */
  tenantSchema: {
    bytes: 256 * KIB,
    /** Levels of JSON; one of a schema is two of them. */
    depth: 128,
    /** Objects in it, and in all schemas of an agent, which are compiled when they are first needed. */
    parts: 2_000,
    partsOfAgent: 6_000,
    /** Of anyOf, oneOf and allOf together. */
    branches: 500,
    /** What all patterns compile to. */
    patternSteps: 20_000,
    /**
     * What one check may cost, in looks at a keyword (some 50 ns): `base`, and so much for each byte of the value, `most`
     * in all, which is half a second. A usual item of many parts costs some percents of it.
     */
    checkCost: { base: 500_000, perByte: 40, most: 10_000_000 },
  },
  /** When somebody whose connections are too many should come again. */
  connectionsRetry: 10 * SECOND,
  /** Sessions that one socket may read at once. */
  socketSubscriptions: 200,
  /** A connection that doesn't say within this who it is is closed: until then no limit of connections counts it. */
  socketAdmission: 15 * SECOND,

  idempotency: 24 * HOUR,
  endUserToken: 1 * HOUR,
  refreshToken: 30 * DAY,
  /** Refresh tokens that have ended: rows that one statement removes, and statements of one round of housekeeping. */
  forgetTokens: { batch: 5_000, batches: 20 },
  /** A warning on the socket before its token ends. */
  tokenWarning: 30 * SECOND,
  /** How long a process trusts what it read of a key, an organization or an agent. Revocation takes this long. */
  credentialCache: 5 * SECOND,

  /** Logging in to Studio. */
  login: {
    /** The shortest new password. */
    passwordChars: 10,
    /** A login that nobody uses ends after this; one that is used is renewed once a day. */
    lasts: 14 * DAY,
    /** Tries of one address and of one account within the time. Fewer lock out who mistypes, more help who guesses. */
    triesOfAddress: 30,
    triesOfAccount: 10,
    within: 15 * MINUTE,
    /** How long an invitation's link can be used. */
    invitation: 7 * DAY,
  },
  /** The Admin API. */
  admin: {
    /** Its own connections: lists with rare filters read much, and must not take those of the engine's way. */
    pool: 6,
    /** After this a list is refused: its filters fit no index. Longer lets one reader hold a connection. */
    statement: 8 * SECOND,
    /** Counts stop here: an exact one would read a million rows. */
    count: 1_000,
    commentChars: 10_000,
    mentions: 50,
    /** Who follows a discussion looks by himself so often: that it changed may not have been heard. */
    look: 10 * SECOND,
    /** When a key was used last is noted at most so often. */
    keyUse: 1 * MINUTE,
  },

  /** Forgetting what no reader needs any more. */
  compaction: {
    /** A run's events are there at least so long after its end. Shorter sends readers who were briefly away a snapshot. */
    grace: 15 * MINUTE,
    /** What dropping a partition waits for its lock. All that reads or writes deltas waits behind it. */
    lockWait: 100,
    /** Sessions whose heads are locked together while their floors rise. More makes messages to them wait. */
    sessions: 50,
    /** Rows that one statement deletes. */
    rows: 5_000,
  },
  /** Removing what was deleted. */
  erasure: {
    /** Sessions of one end user whose heads are locked together. More makes messages to them wait. */
    deletedTogether: 100,
    /** Sessions whose rows one statement removes, and rows of what hangs on them. */
    sessions: 100,
    rows: 5_000,
    /** Statements of one look; what is left waits for the next. More makes lost bells and workers wait. */
    batches: 20,
  },
  /** Events of runs that ended longer ago are forgotten, and what their agent apps answered. The items stay. */
  eventRetention: 30 * DAY,

  /** The broker's own connections and waits. */
  broker: {
    /** What a start waits for its first connection. Shorter fails beside a service that is just coming up. */
    start: 5 * SECOND,
    /** What a start waits for the queue's tables. Another process may be making them. */
    migrate: 30 * SECOND,
    /** One try to connect. Longer hides the moment in which a network is back. */
    connect: 3 * SECOND,
    /** Pauses between tries to connect, from … to. Recovery is promised within 5 s. */
    reconnectFirst: 100,
    reconnectLast: 1 * SECOND,
    /** How often an otherwise silent connection is asked, and how long an answer may take: a lost peer sends no goodbye. */
    alive: 5 * SECOND,
    /** A queue connection that owes an answer for so long is replaced. Must exceed `longestWait`, a blocking command. */
    silent: 15 * SECOND,
    longestWait: 10 * SECOND,
    /** A waiting queue worker looks by itself after this: a lost wake-up costs at most so much. */
    drainDelay: 5 * SECOND,
    /** A queue worker that met an error tries again after this. BullMQ's 15 s would break the promised recovery. */
    retry: 1 * SECOND,
    /** What closing waits for a handler that is under way, and then for connections to say goodbye. */
    closeHandler: 2 * SECOND,
    closeConnections: 500,
  },
} as const

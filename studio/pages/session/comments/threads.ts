import type { Comment } from '../../../api/objects.ts'

/** A comment with the answers to it. */
export interface Thread {
  root: Comment
  replies: Comment[]
}

/** Comments as threads, in the order of their beginning. A thread of which nothing is left is not shown. */
export function threadsOf(comments: readonly Comment[]): Thread[] {
  const inOrder = comments.toSorted((a, b) => a.no - b.no)
  const threads = new Map<string, Thread>()
  for (const comment of inOrder) {
    if (comment.threadId === undefined) threads.set(comment.id, { root: comment, replies: [] })
    else threads.get(comment.threadId)?.replies.push(comment)
  }
  return [...threads.values()].filter(
    ({ root, replies }) => root.deletedAt === undefined || replies.some((reply) => reply.deletedAt === undefined),
  )
}

/** How many open threads each item has. */
export function openThreads(threads: readonly Thread[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { root } of threads) {
    if (root.itemId === undefined || root.resolvedAt !== undefined) continue
    counts.set(root.itemId, (counts.get(root.itemId) ?? 0) + 1)
  }
  return counts
}

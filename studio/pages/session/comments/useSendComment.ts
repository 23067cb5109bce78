import { useRef } from 'react'
import { useQueryClient } from '@tanstack/react-query'
import { type NewComment, createComment, takeComment } from '../../../api/discussion.ts'
import { sayFailed } from '../../../ui/toasts.tsx'

/** Sends a comment. Sent again after an answer was lost, the same text is the same comment. */
export function useSendComment(sessionId: string): (comment: NewComment) => Promise<void> {
  const client = useQueryClient()
  const sent = useRef<{ text: string; key: string } | null>(null)
  return async (comment) => {
    const text = JSON.stringify(comment)
    if (sent.current?.text !== text) sent.current = { text, key: crypto.randomUUID() }
    try {
      takeComment(client, await createComment(sessionId, comment, sent.current.key))
      sent.current = null
    } catch (error) {
      sayFailed('The comment was not sent', error)
      throw error
    }
  }
}

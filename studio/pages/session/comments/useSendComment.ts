import { useQueryClient } from '@tanstack/react-query'
import { type NewComment, createComment, takeComment } from '../../../api/discussion.ts'
import { sayFailed } from '../../../ui/toasts.tsx'

/** Sends a comment and shows it; rejects when it was not sent. */
export function useSendComment(sessionId: string): (comment: NewComment) => Promise<void> {
  const client = useQueryClient()
  return async (comment) => {
    try {
      takeComment(client, await createComment(sessionId, comment))
    } catch (error) {
      sayFailed('The comment was not sent', error)
      throw error
    }
  }
}

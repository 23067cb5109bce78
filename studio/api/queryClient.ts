import { QueryClient } from '@tanstack/react-query'
import { ApiError, OfflineError } from './apiError.ts'

/** What the server refuses stays refused; what it could not answer is asked for again. */
export function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 15_000,
        retry: (failures, error) => failures < 2 && mayPass(error),
        refetchOnWindowFocus: true,
      },
      mutations: { retry: false },
    },
  })
}

function mayPass(error: Error): boolean {
  return error instanceof OfflineError || (error instanceof ApiError && error.status >= 500)
}

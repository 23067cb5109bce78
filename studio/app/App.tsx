import { Suspense, lazy, useEffect, useMemo } from 'react'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { newQueryClient } from '../api/queryClient.ts'
import { ConfigContext } from '../config/configContext.ts'
import type { StudioConfig } from '../config/types.ts'
import { Toasts } from '../ui/toasts.tsx'
import { listenForShortcuts } from '../ui/shortcuts.ts'
import { Gate } from './Gate.tsx'
import { newRouter } from './router.tsx'

/** The one page for people who aren't logged in yet. */
const InvitationPage = lazy(() =>
  import('../pages/invitation/InvitationPage.tsx').then((module) => ({ default: module.InvitationPage })),
)

/** Studio as a whole: what every page stands on, the gate, and the pages. */
export function App({ config }: { config: StudioConfig }) {
  const client = useMemo(newQueryClient, [])
  const router = useMemo(newRouter, [])
  useEffect(listenForShortcuts, [])
  return (
    <ConfigContext value={config}>
      <QueryClientProvider client={client}>
        {location.pathname.replace(/\/$/, '') === '/studio/invitation' ? (
          <Suspense>
            <InvitationPage />
          </Suspense>
        ) : (
          <Gate>
            <RouterProvider router={router} />
          </Gate>
        )}
        <Toasts />
      </QueryClientProvider>
    </ConfigContext>
  )
}

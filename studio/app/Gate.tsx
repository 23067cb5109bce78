import { Fragment, type ReactNode, useEffect, useState } from 'react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { ApiError } from '../api/apiError.ts'
import { meQuery } from '../api/me.ts'
import { onLoginEnded } from '../api/request.ts'
import { LoginAgain } from '../pages/login/LoginAgain.tsx'
import { LoginPage } from '../pages/login/LoginPage.tsx'
import { ErrorView } from '../ui/ErrorView.tsx'
import { NoOrganization } from './NoOrganization.tsx'
import { MemberContext, memberOf } from './memberContext.ts'

/**
 * Shows the app to whoever is logged in, else the login. When a login ends while somebody works, the page stays as it
 * is under a dialog; after the login the calls that waited are sent.
 */
export function Gate({ children }: { children: ReactNode }) {
  const client = useQueryClient()
  const me = useQuery(meQuery)
  const loggedIn = useLoginEnd()
  // Somebody else, or another organization, starts afresh.
  const who = me.data && `${me.data.user.id} ${me.data.organization?.id}`

  const hasEnded = me.error instanceof ApiError && me.error.status === 401

  if (me.data) {
    const member = memberOf(me.data)
    return (
      <Fragment key={who}>
        {member ? <MemberContext value={member}>{children}</MemberContext> : <NoOrganization />}
        {(loggedIn || hasEnded) && <LoginAgain email={me.data.user.email} onDone={() => loggedIn?.()} />}
      </Fragment>
    )
  }
  if (hasEnded) {
    return <LoginPage onDone={() => void client.invalidateQueries({ queryKey: meQuery.queryKey })} />
  }
  if (me.error) {
    return <ErrorView error={me.error} what="Studio could not start" onRetry={() => void me.refetch()} />
  }
  return <div role="status" aria-label="Loading Studio" />
}

/** While calls wait for a login: what lets them go on. */
function useLoginEnd(): (() => void) | null {
  const [resolve, setResolve] = useState<(() => void) | null>(null)
  useEffect(() => {
    let waiting: Promise<void> | null = null
    onLoginEnded(() => {
      waiting ??= new Promise<void>((done) => {
        setResolve(() => () => {
          waiting = null
          setResolve(null)
          done()
        })
      })
      return waiting
    })
    return () => onLoginEnded(null)
  }, [])
  return resolve
}

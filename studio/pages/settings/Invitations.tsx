import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { Invitation } from '../../api/objects.ts'
import { invitationsQuery, revokeInvitation } from '../../api/settings.ts'
import { Badge, type Tone } from '../../ui/Badge.tsx'
import { Button } from '../../ui/Button.tsx'
import { ErrorView } from '../../ui/ErrorView.tsx'
import { Section } from '../../ui/Section.tsx'
import { SidewaysScroll } from '../../ui/SidewaysScroll.tsx'
import { TABLE, TD, TH } from '../../ui/tableClasses.ts'
import { Time } from '../../ui/Time.tsx'
import { sayFailed } from '../../ui/toasts.tsx'

const TONES: Record<Invitation['status'], Tone> = {
  open: 'info',
  accepted: 'good',
  revoked: 'neutral',
  expired: 'warn',
}

export function Invitations() {
  const invitations = useQuery(invitationsQuery)
  const client = useQueryClient()
  const revoke = useMutation({
    mutationFn: revokeInvitation,
    onError: (error) => sayFailed('The invitation was not taken back', error),
    onSettled: () => client.invalidateQueries({ queryKey: invitationsQuery.queryKey }),
  })
  if (invitations.error) return <ErrorView error={invitations.error} what="The invitations could not be read" />
  if (!invitations.data || invitations.data.data.length === 0) return null
  return (
    <Section title="Invitations">
      <SidewaysScroll label="Invitations, sideways">
        <table className={TABLE} aria-label="Invitations">
          <thead>
            <tr>
              <th className={TH}>E-mail</th>
              <th className={TH}>Role</th>
              <th className={TH}>Status</th>
              <th className={TH}>Made</th>
              <th className={TH}>
                <span className="sr-only">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {invitations.data.data.map(({ id, email, role, status, createdAt }) => (
              <tr key={id}>
                <td className={TD}>{email}</td>
                <td className={TD}>{role}</td>
                <td className={TD}>
                  <Badge tone={TONES[status]}>{status}</Badge>
                </td>
                <td className={TD}>
                  <Time at={createdAt} />
                </td>
                <td className={`${TD} text-right`}>
                  {status === 'open' && (
                    <Button size="small" look="quiet" disabled={revoke.isPending} onClick={() => revoke.mutate(id)}>
                      Take back
                    </Button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </SidewaysScroll>
    </Section>
  )
}

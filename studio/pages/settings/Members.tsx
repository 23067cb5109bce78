import { useState } from 'react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { UserPlus } from 'lucide-react'
import { mayGrant } from '@shared/domain/roles'
import { membersQuery } from '../../api/members.ts'
import type { Member, Role } from '../../api/objects.ts'
import { changeMember, removeMember } from '../../api/settings.ts'
import { useMay, useMember } from '../../app/memberContext.ts'
import { Avatar } from '../../ui/Avatar.tsx'
import { Button } from '../../ui/Button.tsx'
import { ConfirmDialog } from '../../ui/ConfirmDialog.tsx'
import { ErrorView } from '../../ui/ErrorView.tsx'
import { Select } from '../../ui/Field.tsx'
import { Section } from '../../ui/Section.tsx'
import { SidewaysScroll } from '../../ui/SidewaysScroll.tsx'
import { SkeletonRows } from '../../ui/Skeleton.tsx'
import { TABLE, TD, TH } from '../../ui/tableClasses.ts'
import { Time } from '../../ui/Time.tsx'
import { sayFailed } from '../../ui/toasts.tsx'
import { InviteDialog } from './InviteDialog.tsx'
import { Invitations } from './Invitations.tsx'
import { grantable } from './roles.ts'

/** Who belongs to the organization, and who is invited to. */
export function Members() {
  const members = useQuery(membersQuery)
  const [inviting, setInviting] = useState(false)
  const [leaving, setLeaving] = useState<Member | null>(null)
  const client = useQueryClient()
  const mayInvite = useMay('createInvitation')
  const here = members.data?.filter(({ removed }) => !removed)
  return (
    <>
      <Section
        title="Members"
        about="Viewers read, reviewers also comment and score, admins also manage people, keys and versions, owners may all."
        action={
          mayInvite && (
            <Button look="primary" icon={<UserPlus className="size-4" />} onClick={() => setInviting(true)}>
              Invite
            </Button>
          )
        }
      >
        {members.isPending && <SkeletonRows count={4} label="Loading members" />}
        {members.error && (
          <ErrorView
            error={members.error}
            what="The members could not be read"
            onRetry={() => void members.refetch()}
          />
        )}
        {here && (
          <SidewaysScroll label="Members, sideways">
            <table className={TABLE} aria-label="Members">
              <thead>
                <tr>
                  <th className={TH}>Name</th>
                  <th className={TH}>Role</th>
                  <th className={TH}>Since</th>
                  <th className={TH}>
                    <span className="sr-only">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {here.map((member) => (
                  <MemberRow key={member.id} member={member} onRemove={() => setLeaving(member)} />
                ))}
              </tbody>
            </table>
          </SidewaysScroll>
        )}
      </Section>
      {mayInvite && <Invitations />}
      {inviting && <InviteDialog onClose={() => setInviting(false)} />}
      {leaving && (
        <ConfirmDialog
          title={`Remove ${leaving.name}?`}
          action="Remove"
          failed={`${leaving.name} was not removed`}
          onConfirm={async () => {
            await removeMember(leaving.id)
            await client.invalidateQueries({ queryKey: membersQuery.queryKey })
          }}
          onClose={() => setLeaving(null)}
        >
          {leaving.name} is cut off at once. Comments and scores stay.
        </ConfirmDialog>
      )}
    </>
  )
}

function MemberRow({ member, onRemove }: { member: Member; onRemove: () => void }) {
  const me = useMember()
  const client = useQueryClient()
  const may = useMay('changeMember') && mayGrant(me.role, member.role)
  const change = useMutation({
    mutationFn: (role: Role) => changeMember(member.id, role),
    onError: (error) => sayFailed('The role was not changed', error),
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: membersQuery.queryKey }),
        client.invalidateQueries({ queryKey: ['me'] }),
      ]),
  })
  return (
    <tr className="hover:bg-hover">
      <td className={TD}>
        <span className="flex min-w-0 items-center gap-2.5">
          <Avatar name={member.name} />
          <span className="min-w-0 truncate font-medium">{member.name}</span>
          {member.id === me.id && <span className="text-xs text-faint">you</span>}
          <span className="min-w-0 truncate text-faint max-md:hidden">{member.email}</span>
        </span>
      </td>
      <td className={TD}>
        {may ? (
          <Select
            aria-label={`Role of ${member.name}`}
            value={change.isPending ? change.variables : member.role}
            disabled={change.isPending}
            onChange={(event) => {
              const role = grantable(me.role).find((each) => each === event.target.value)
              if (role) change.mutate(role)
            }}
          >
            {grantable(me.role).map((role) => (
              <option key={role}>{role}</option>
            ))}
          </Select>
        ) : (
          member.role
        )}
      </td>
      <td className={TD}>
        <Time at={member.createdAt} />
      </td>
      <td className={`${TD} text-right`}>
        {may && member.id !== me.id && (
          <Button size="small" look="quiet" onClick={onRemove}>
            Remove
          </Button>
        )}
      </td>
    </tr>
  )
}

import type { ReactNode } from 'react'
import { Link } from '@tanstack/react-router'
import type { Json } from '@shared/domain/json'
import type { Session } from '@shared/domain/objects'
import type { SessionDetail } from '../../../api/objects.ts'
import { useConfig } from '../../../config/configContext.ts'
import { findAgent } from '../../../config/findDisplay.ts'
import { Boundary } from '../../../ui/Boundary.tsx'
import { CopyButton } from '../../../ui/CopyButton.tsx'
import { JsonView } from '../../../ui/JsonView.tsx'
import { Time } from '../../../ui/Time.tsx'
import { endUserName } from '../../sessions/sessionName.ts'

/** What is known of a session: properties of the config first, then the facts, metadata and state. */
export function Details({ session, endUser }: { session: Session; endUser: SessionDetail['endUser'] }) {
  const properties = findAgent(useConfig(), session.agent)?.displayProperties ?? []
  return (
    <div className="grid gap-5 p-4">
      <dl className="grid grid-cols-[6.5rem_1fr] gap-x-3 gap-y-2">
        {properties.map(({ title, value }) => (
          <Fact key={title} label={title}>
            <Boundary fallback={(error) => <span className="text-bad">broke: {String(error)}</span>}>
              <Property value={() => value({ session })} />
            </Boundary>
          </Fact>
        ))}
        <Fact label="Agent">
          <Link to="/agents/$name" params={{ name: session.agent }} className="text-accent hover:underline">
            {session.agent}
          </Link>{' '}
          <span className="text-faint">{session.version}</span>
        </Fact>
        <Fact label="End user">
          <Link to="/sessions" search={{ endUserId: endUser.id }} className="text-accent hover:underline">
            {endUserName(endUser)}
          </Link>
        </Fact>
        <Fact label="Space">{session.space}</Fact>
        <Fact label="Begun">
          <Time at={session.createdAt} />
        </Fact>
        <Fact label="Changed">
          <Time at={session.updatedAt} />
        </Fact>
        <Fact label="Handle">
          <Copied text={session.handle} label="Copy the handle" />
        </Fact>
        <Fact label="Id">
          <Copied text={session.id} label="Copy the id" />
        </Fact>
      </dl>
      <Part title="Metadata" value={session.metadata} empty="None was given." />
      <Part title="State" value={session.state} empty="The agent keeps none." />
      <Part title="The end user’s metadata" value={endUser.metadata} empty="None was given." />
    </div>
  )
}

function Property({ value }: { value: () => Json | undefined }) {
  const shown = value()
  if (shown === undefined || shown === null) return <span className="text-faint">–</span>
  return typeof shown === 'object' ? JSON.stringify(shown) : String(shown)
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-faint">{label}</dt>
      <dd className="min-w-0 [overflow-wrap:anywhere]">{children}</dd>
    </>
  )
}

function Copied({ text, label }: { text: string; label: string }) {
  return (
    <span className="-my-1 flex items-center gap-1">
      <code className="min-w-0 truncate font-mono text-xs" title={text}>
        {text}
      </code>
      <CopyButton text={text} label={label} />
    </span>
  )
}

function Part({ title, value, empty }: { title: string; value: Json; empty: string }) {
  const isEmpty = value === null || (typeof value === 'object' && Object.keys(value).length === 0)
  return (
    <section className="grid gap-1.5">
      <h2 className="text-xs font-medium text-faint">{title}</h2>
      {isEmpty ? <p className="text-muted">{empty}</p> : <JsonView value={value} label={title} />}
    </section>
  )
}

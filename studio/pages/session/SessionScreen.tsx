import { useMemo, useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { commentsQuery, scoresQuery } from '../../api/discussion.ts'
import type { SessionDetail } from '../../api/objects.ts'
import { useMay } from '../../app/memberContext.ts'
import { Drawer } from '../../ui/Dialog.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { useTitle } from '../../ui/PageHeader.tsx'
import { useMediaQuery } from '../../ui/useMediaQuery.ts'
import { sessionName } from '../sessions/sessionName.ts'
import { Conversation } from './Conversation.tsx'
import { EarlierItems } from './EarlierItems.tsx'
import { SessionHeader } from './SessionHeader.tsx'
import { CommentsPanel } from './comments/CommentsPanel.tsx'
import { openThreads, threadsOf } from './comments/threads.ts'
import type { ItemActions } from './itemActions.ts'
import { useSessionView } from './live/useSessionView.ts'
import { Details } from './panel/Details.tsx'
import { Runs } from './panel/Runs.tsx'
import { SidePanel } from './panel/SidePanel.tsx'
import type { Panel, SessionPlace } from './sessionPlace.ts'
import { rowsOf } from './rows.ts'
import { useEarlier } from './useEarlier.ts'
import { useItemKeys } from './useItemKeys.ts'
import { useSeen } from './useSeen.ts'

/** The conversation in the middle, what is known and said of it beside it (over it, where there is no room). */
export function SessionScreen({ detail }: { detail: SessionDetail }) {
  const sessionId = detail.session.id
  const place = useSearch({ from: '/sessions/$sessionId' })
  const navigate = useNavigate({ from: '/sessions/$sessionId' })
  const { view: live, live: state } = useSessionView(detail)
  const { view, ...earlier } = useEarlier(live, place.item)
  const session = view.session ?? detail.session
  const { agent } = session
  const comments = useQuery(commentsQuery(sessionId)).data
  const scores = useQuery(scoresQuery(sessionId)).data?.data
  const threads = useMemo(() => threadsOf(comments ?? []), [comments])
  const rows = useMemo(() => rowsOf(view.items, view.runs), [view.items, view.runs])
  const stops = useMemo(() => rows.flatMap((row) => ('item' in row ? row.item.id : [])), [rows])
  const [openRun, setOpenRun] = useState<string | null>(null)
  const [writing, setWriting] = useState(0)
  const wide = useMediaQuery('(min-width: 1100px)')
  const mayComment = useMay('createComment')
  const first = view.items.find(({ kind }) => kind === 'input')?.data.content
  const name = sessionName({ ...session, ...(typeof first === 'string' && { preview: first }) })
  useTitle(name)
  useSeen(detail, live.seq, comments)

  const go = (next: SessionPlace) => void navigate({ search: next, replace: true })
  const withoutItem = () => go(place.panel ? { panel: place.panel } : {})
  const panel: Panel | undefined = place.panel ?? (wide ? 'details' : undefined)
  const show = (next: Panel) => go({ ...place, panel: next })
  const hide = () => go(place.item ? { item: place.item } : {})
  const comment = (item?: string) => {
    go({ ...(item && { item }), panel: 'comments' })
    setWriting(writing + 1)
  }
  useItemKeys({
    sessionId,
    stops,
    selected: place.item,
    select: (item) => go({ ...place, item }),
    ...(mayComment && { comment: () => comment(place.item) }),
    clear: withoutItem,
  })

  const actions: ItemActions = useMemo(() => {
    const byItem = new Map<string, NonNullable<typeof scores>>()
    for (const score of scores ?? []) byItem.set(score.itemId, [...(byItem.get(score.itemId) ?? []), score])
    return {
      sessionId,
      agent,
      threads: openThreads(threads),
      scores: byItem,
      mayComment,
      onSelect: (item) => go({ ...place, item }),
      onComment: comment,
    }
    // What is passed down changes with these; the rest are functions of the address.
  }, [sessionId, agent, threads, scores, mayComment, place, writing])

  const side = panel && (
    <SidePanel
      panel={panel}
      onChange={show}
      onClose={wide ? undefined : hide}
      counts={{ runs: view.runs.length, comments: threads.filter(({ root }) => !root.resolvedAt).length }}
    >
      {{
        details: <Details session={session} endUser={detail.endUser} />,
        runs: <Runs runs={view.runs} open={openRun} />,
        comments: (
          <CommentsPanel
            sessionId={sessionId}
            threads={threads}
            itemId={place.item}
            writing={writing}
            onShowItem={(item) => (item ? go({ item, panel: 'comments' }) : go({ panel: 'comments' }))}
          />
        ),
      }}
    </SidePanel>
  )
  return (
    <>
      <SessionHeader
        detail={detail}
        session={session}
        name={name}
        run={view.runs.at(-1)}
        live={state}
        {...(!wide && { onPanel: show })}
      />
      <div className="flex min-h-0 flex-1">
        <div className="flex min-w-0 flex-1 flex-col">
          {view.items.length === 0 && view.runs.length === 0 ? (
            <EmptyState title="Nothing was said yet">The first message appears here as it comes.</EmptyState>
          ) : (
            <Conversation
              rows={rows}
              view={view}
              session={session}
              selected={place.item}
              actions={actions}
              onOpenRun={(run) => {
                setOpenRun(run)
                show('runs')
              }}
              head={<EarlierItems {...earlier} />}
            />
          )}
        </div>
        {wide ? (
          <aside
            aria-label="About this session"
            className="w-[23rem] shrink-0 border-l border-line bg-side 2xl:w-[27rem]"
          >
            {side}
          </aside>
        ) : (
          <Drawer open={panel !== undefined} onClose={hide} label="About this session" side="right">
            {side}
          </Drawer>
        )}
      </div>
    </>
  )
}

import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Bot } from 'lucide-react'
import { agentsQuery } from '../../api/agents.ts'
import { CommandLine } from '../../ui/CommandLine.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { ErrorView } from '../../ui/ErrorView.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { SkeletonRows } from '../../ui/Skeleton.tsx'
import { TABLE, TD, TH } from '../../ui/tableClasses.ts'
import { Time } from '../../ui/Time.tsx'

export function AgentsPage() {
  const agents = useQuery(agentsQuery)
  return (
    <>
      <PageHeader title="Agents" />
      <div className="min-h-0 flex-1 overflow-auto">
        {agents.isPending && <SkeletonRows label="Loading agents" />}
        {agents.error && (
          <ErrorView error={agents.error} what="The agents could not be read" onRetry={() => void agents.refetch()} />
        )}
        {agents.data?.data.length === 0 && (
          <EmptyState icon={<Bot className="size-5" />} title="No agents yet">
            <p>Name your agent app in agentview.config.ts and publish it:</p>
            <CommandLine>npx agentview config push</CommandLine>
          </EmptyState>
        )}
        {agents.data && agents.data.data.length > 0 && (
          <table className={TABLE} aria-label="Agents">
            <thead>
              <tr>
                <th className={TH}>Agent</th>
                <th className={TH}>Active version</th>
                <th className={TH}>Versions</th>
                <th className={TH}>First published</th>
              </tr>
            </thead>
            <tbody>
              {agents.data.data.map((agent) => (
                <tr key={agent.name} className="hover:bg-hover">
                  <td className={TD}>
                    <Link to="/agents/$name" params={{ name: agent.name }} className="font-medium hover:underline">
                      {agent.title ?? agent.name}
                    </Link>{' '}
                    {agent.title && <span className="text-faint">{agent.name}</span>}
                  </td>
                  <td className={TD}>{agent.activeVersion ?? <span className="text-faint">none</span>}</td>
                  <td className={TD}>{agent.versions}</td>
                  <td className={TD}>
                    <Time at={agent.createdAt} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
    </>
  )
}

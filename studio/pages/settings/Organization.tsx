import { type FormEvent, useState } from 'react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { describeError } from '../../api/apiError.ts'
import { meQuery } from '../../api/me.ts'
import type { OrganizationSettings } from '../../api/objects.ts'
import { changeOrganization, organizationQuery } from '../../api/settings.ts'
import { Button } from '../../ui/Button.tsx'
import { ErrorView } from '../../ui/ErrorView.tsx'
import { Field, Input, TextArea } from '../../ui/Field.tsx'
import { Section } from '../../ui/Section.tsx'
import { SkeletonRows } from '../../ui/Skeleton.tsx'
import { say } from '../../ui/toasts.tsx'

export function Organization() {
  const organization = useQuery(organizationQuery)
  if (organization.error) return <ErrorView error={organization.error} what="The settings could not be read" />
  if (!organization.data) return <SkeletonRows count={3} label="Loading the organization" />
  return <OrganizationForm organization={organization.data} />
}

function OrganizationForm({ organization }: { organization: OrganizationSettings }) {
  const client = useQueryClient()
  const [name, setName] = useState(organization.name)
  const [origins, setOrigins] = useState(organization.allowedOrigins.join('\n'))
  const save = useMutation({
    mutationFn: () =>
      changeOrganization({
        name: name.trim(),
        allowedOrigins: origins.split('\n').flatMap((line) => line.trim() || []),
      }),
    onSuccess: async (saved) => {
      client.setQueryData(organizationQuery.queryKey, saved)
      await client.invalidateQueries({ queryKey: meQuery.queryKey })
      say('Saved')
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate()
  }
  return (
    <Section title="Organization">
      <form onSubmit={submit} className="grid max-w-xl gap-4 px-4 pb-6">
        {save.error && (
          <p role="alert" className="rounded-md bg-bad-soft p-3 text-bad">
            {describeError(save.error).message}
          </p>
        )}
        <Field label="Name">
          {(control) => (
            <Input
              {...control}
              required
              maxLength={100}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <Field
          label="Allowed origins"
          hint="Web pages that may call the Client API, one a line, e.g. https://shop.example"
        >
          {(control) => (
            <TextArea
              {...control}
              rows={5}
              spellCheck={false}
              className="font-mono text-xs"
              value={origins}
              onChange={(event) => setOrigins(event.target.value)}
            />
          )}
        </Field>
        <Button type="submit" look="primary" busy={save.isPending} className="w-fit">
          Save
        </Button>
      </form>
    </Section>
  )
}

import { createOutboundGuard } from '@shared/outbound/guard'
import { createPool } from '@shared/store/pool'
import { bootstrap } from './bootstrap.ts'
import { configuredPart, publish } from './publishConfig.ts'
import { type Settings, databaseUrlOf } from './settings.ts'

/**
 * Makes the first organization with its keys, publishes the agents of the config file, and says what came of it; again it
 * changes nothing. Throws SettingsError and what bootstrap() throws.
 */
export async function bootstrapCluster(settings: Settings, newKeys: boolean): Promise<void> {
  const databaseUrl = databaseUrlOf(settings)
  const db = createPool({
    url: databaseUrl,
    name: 'agentview bootstrap',
    max: 2,
    onError: (error) => console.error(error.message),
  })
  try {
    const { organizationId, credentials, made } = await bootstrap({
      databaseUrl,
      secret: settings.secret!,
      dataFolder: settings.dataFolder,
      url: `http://localhost:${settings.port}`,
      publicUrl: settings.publicUrl ?? `http://localhost:${settings.port}`,
      allowLocalOrigins: false,
      newKeys,
    })
    const guard = createOutboundGuard(settings.allowHosts)
    const configured = await configuredPart(settings, settings.secret!)
    const published = configured ? await publish(db, organizationId, configured, 'start', guard) : []
    for (const { name, version } of published) console.log(`Agent ${name} ${version}`)
    if (made) console.log(`Organization ${organizationId}; its keys are in ${settings.dataFolder}/credentials.json`)
    else
      console.log(
        `Organization ${organizationId} was there.${credentials ? '' : ' Its keys were shown when it was made; --new-keys makes others.'}`,
      )
  } finally {
    await db.end()
  }
}

import { renderStudio } from '@agentview/studio'
import config from './agentview.config.tsx'

renderStudio(document.getElementById('root')!, config)

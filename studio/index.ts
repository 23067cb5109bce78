export { renderStudio } from './renderStudio.tsx'
export type {
  AgentConfig,
  DisplayConfig,
  DisplayProperty,
  DisplayProps,
  PageConfig,
  RunTypeConfig,
  StudioConfig,
} from './config/types.ts'

// The sign of an alarm, by how bad it is.
import type {Severity} from '../store/home.ts';
import type {Mark} from '../ui/icon.tsx';

export const markOf: Record<Severity, Mark> = {
  error: 'critical',
  silent: 'offline',
  warning: 'warning',
};

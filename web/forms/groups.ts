// Commands stand by what they are about, in the order of a page.
import type {CommandFacts, CommandGroup} from '../api/types.ts';

type Place = CommandGroup | 'other';

const order: Place[] = [
  'power',
  'outputs',
  'charging',
  'battery',
  'climate',
  'grid',
  'standby',
  'display',
  'schedule',
  'setup',
  'other',
];

export function commandGroups(
  commands: CommandFacts[],
): {group: Place; commands: CommandFacts[]}[] {
  return order
    .map((group) => ({
      group,
      commands: commands.filter((command) => (command.group ?? 'other') === group),
    }))
    .filter((one) => one.commands.length > 0);
}

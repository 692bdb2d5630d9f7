// What the controls of a parameter are given.
import type {ParamFacts} from '../api/types.ts';
import type {Entry} from './body.ts';

/** What a device reports of a parameter; null: nothing. */
export type PresentOf = (param: ParamFacts) => Present | null;

/** The value that the device reports now, in words and as it stands on the wire. */
export interface Present {
  /** Empty: it is shown alone. */
  text: string;
  value: unknown;
}

export interface ParamProps {
  param: ParamFacts;
  reported: Present | null;
  /** What is reported of the members of an object. */
  presentOf?: PresentOf;
  /** It is set as a whole, with the parts that nobody gave: an element of a list. */
  whole?: boolean;
  /** It is a member of an object. */
  isInner?: boolean;
  /** The text that stands above already. */
  about: string | undefined;
  /** Undefined: the person has not touched it. */
  entry: Entry | undefined;
  onChange: (entry: Entry) => void;
}

export type ControlProps = ParamProps & {title: string};

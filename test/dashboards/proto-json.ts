/**
 * JSON held against a protobuf message as Google's APIs read it, and as they write it back: known fields, enums by name, one of a
 * oneof, and no value that proto3 leaves out on the way back.
 */
import protobuf from 'protobufjs';

/** Problems of `value` as a `type`, each with its path. */
export function protoJsonProblems(
  value: unknown,
  type: protobuf.Type,
  at: string = type.name,
): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [`${at}: expected a message`];
  }
  const problems: string[] = [];
  for (const [key, each] of Object.entries(value)) {
    const field = type.fields[key];
    const path = `${at}.${key}`;
    if (!field) problems.push(`${path}: ${type.name} has no such field`);
    else problems.push(...fieldProblems(each, field.resolve(), path));
  }
  for (const { name, oneof } of type.oneofsArray) {
    const set = oneof.filter((key) => Object.hasOwn(value, key));
    if (set.length > 1) problems.push(`${at}: one of ${name}, not ${set.join(' and ')}`);
  }
  return problems;
}

function fieldProblems(value: unknown, field: protobuf.Field, at: string): string[] {
  if (field.map) return [];
  if (!field.repeated) return valueProblems(value, field, at);
  if (!Array.isArray(value)) return [`${at}: expected a list`];
  if (value.length === 0) return [`${at}: an empty list is left out on read`];
  return value.flatMap((each, index) => valueProblems(each, field, `${at}[${index}]`, true));
}

function valueProblems(
  value: unknown,
  field: protobuf.Field,
  at: string,
  isInList = false,
): string[] {
  const type = field.resolvedType;
  if (type instanceof protobuf.Enum) {
    const number = typeof value === 'string' ? type.values[value] : undefined;
    if (number === undefined) return [`${at}: ${JSON.stringify(value)} is no ${type.name}`];
    return number === 0 && !isInList ? [`${at}: the enum's default is left out on read`] : [];
  }
  if (type?.fullName === '.google.protobuf.Duration') {
    return /^\d+(\.\d+)?s$/.test(String(value)) && value !== '0s'
      ? []
      : [`${at}: expected a duration above 0, such as 60s`];
  }
  if (type instanceof protobuf.Type) return protoJsonProblems(value, type, at);
  const wanted = field.type === 'string' ? 'string' : field.type === 'bool' ? 'boolean' : 'number';
  if (typeof value !== wanted) return [`${at}: expected a ${wanted}`];
  const isDefault = value === '' || value === 0 || value === false;
  // A field of a oneof, and a list's item, keep their presence.
  return isDefault && !isInList && !field.partOf ? [`${at}: a default is left out on read`] : [];
}

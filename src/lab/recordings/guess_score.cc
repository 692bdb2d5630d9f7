// How much of a guess is right: pairs guessed reports and commands with the real ones.
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "recordings/family_guess.h"

namespace gridloom::recordings {
namespace {

using catalog::Command;
using catalog::Field;
using catalog::Report;

// Pairs of a guessed and a real thing, and how often they went together.
template <typename Real>
using Pairs = std::map<std::pair<std::size_t, const Real*>, std::size_t>;

// Whether each of the two goes together with the other more often than with anything else.
template <typename Real>
bool belong_together(const Pairs<Real>& pairs, std::size_t guess, const Real* real) {
  const auto most = [&](const auto& concerned) {
    std::size_t times = 0;
    for (const auto& [pair, count] : pairs) {
      if (concerned(pair)) times = std::max(times, count);
    }
    return times;
  };
  const auto found = pairs.find({guess, real});
  if (found == pairs.end()) return false;
  return found->second == most([&](const auto& pair) { return pair.first == guess; }) &&
         found->second == most([&](const auto& pair) { return pair.second == real; });
}

const Field* exact_field(const catalog::Family& family, const std::string& name) {
  const Field* field = family.field(name);
  return field != nullptr && field->name == name ? field : nullptr;
}

const Command* real_command(const GuessedCommand& guess, const catalog::Family& family) {
  wire::JsonObject message;
  wire::JsonObject params;
  for (const auto& [path, value] : guess.select) {
    if (path.starts_with("params.")) {
      params[path.substr(7)] = value;
    } else {
      message[path] = value;
    }
  }
  for (const GuessedParam& param : guess.params) params[param.name] = param.values.last;
  message["params"] = params;
  const auto command = family.find_command(message);
  return command ? *command : nullptr;
}

// The fields that a serial number of a module hides in, too.
const Report* carrier_of(const catalog::Family& family, const Field& field) {
  const auto found = std::ranges::find_if(
      family.reports, [&](const Report& report) { return report.carries(field.name); });
  return found == family.reports.end() ? nullptr : &*found;
}

}  // namespace

GuessScore compare(const GuessedFamily& guessed, const catalog::Family& family) {
  GuessScore score;
  std::map<std::string, std::size_t> carriers;
  for (std::size_t k = 0; k < guessed.reports.size(); ++k) {
    for (const std::string& name : guessed.reports[k].fields) carriers[name] = k;
  }
  Pairs<Report> reports;
  std::set<const Field*> reported;
  for (const GuessedField& guess : guessed.fields) {
    if (const Field* any = family.field(guess.name)) reported.insert(any);
    const Field* field = exact_field(family, guess.name);
    if (field == nullptr) {
      score.invented.push_back(guess.name);
      continue;
    }
    ++score.fields.found;
    if (const Report* report = carrier_of(family, *field)) {
      ++reports[{carriers[guess.name], report}];
    }
    if (guess.only_end && catalog::is_numeric(field->type)) {
      ++score.unknown_types;
    } else if (guess.type() == field->type || field->type == catalog::FieldType::kAny) {
      ++score.types.found;
    } else {
      score.mistaken.push_back(fmt::format("{}: {} instead of {}", guess.name,
                                           name_of(guess.type()), name_of(field->type)));
    }
  }
  score.fields.of = reported.size();
  score.groups.of = score.fields.found;
  score.types.of = score.fields.found - score.unknown_types;
  for (const GuessedField& guess : guessed.fields) {
    const Field* field = exact_field(family, guess.name);
    if (field == nullptr) continue;
    const Report* report = carrier_of(family, *field);
    if (belong_together(reports, carriers[guess.name], report)) {
      ++score.groups.found;
    } else {
      score.mistaken.push_back(fmt::format("{}: in another report", guess.name));
    }
  }
  Pairs<Command> commands;
  std::set<const Command*> sent;
  for (std::size_t k = 0; k < guessed.commands.size(); ++k) {
    const Command* command = real_command(guessed.commands[k], family);
    if (command == nullptr) continue;
    sent.insert(command);
    commands[{k, command}] += guessed.commands[k].sent;
  }
  for (std::size_t k = 0; k < guessed.commands.size(); ++k) {
    const Command* command = real_command(guessed.commands[k], family);
    if (command != nullptr && belong_together(commands, k, command)) ++score.commands.found;
  }
  score.commands.of = sent.size();
  return score;
}

}  // namespace gridloom::recordings

#include "recordings/similar_family.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace gridloom::recordings {
namespace {

constexpr std::size_t kManyFields = 10;

using catalog::Command;
using catalog::Field;
using catalog::FieldType;
using catalog::Report;
using wire::Json;

constexpr std::size_t kLeastShare = 4;    // of the fields: one in so many
constexpr std::size_t kFewestShared = 5;  // a few names alone resemble anything

// Keys of a field that a guess says by itself, or that say how a virtual device behaves.
constexpr auto kOwnKeys = std::to_array<std::string_view>(
    {"type", "description", "initial", "source", "signal", "one_as_object"});

bool is_among(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// Whether all that was seen can be values of the type.
bool fits(const GuessedField& guess, FieldType type) {
  const FieldType seen = guess.values.type();
  if (seen == type || type == FieldType::kAny) return true;
  return seen == FieldType::kInt && type == FieldType::kFloat;
}

// Where the fields of a guess are in a family.
class Resemblance {
 public:
  Resemblance(const GuessedFamily& guessed, const catalog::Family& family)
      : guessed_(guessed), family_(family) {
    for (const GuessedReport& report : guessed.reports) compare(report);
  }

  struct Place {
    const Field* field = nullptr;
    const Report* report = nullptr;  // carries it
  };
  // By the guess's names.
  [[nodiscard]] const std::map<std::string, Place>& places() const { return places_; }

 private:
  // Whether messages of a guessed report are those of the family's report: each member that tells
  // the latter from others is in them with that value.
  [[nodiscard]] bool may_be(const GuessedReport& guess, const Report& report) const {
    return std::ranges::all_of(report.match, [&](const auto& member) {
      const Json* value = guess.match.if_contains(member.first);
      if (value == nullptr) value = guessed_.report.if_contains(member.first);
      return value != nullptr && catalog::same_value(*value, member.second);
    });
  }

  [[nodiscard]] const GuessedField* guess_of(const std::string& name) const {
    const auto found = std::ranges::find(guessed_.fields, name, &GuessedField::name);
    return found == guessed_.fields.end() ? nullptr : &*found;
  }

  // The family's field of that name; nullptr if it has none, or one of another type.
  [[nodiscard]] const Field* agreeing(const std::string& name, const GuessedField& guess) const {
    const Field* field = family_.field(name);
    return field != nullptr && field->name == name && fits(guess, field->type) ? field : nullptr;
  }

  void compare(const GuessedReport& guess) {
    std::vector<const Report*> candidates;
    for (const Report& report : family_.reports) {
      if (may_be(guess, report)) candidates.push_back(&report);
    }
    std::map<const Report*, std::size_t> votes;
    for (const std::string& name : guess.fields) {
      for (const Report* report : candidates) {
        if (place_in(guess, name, *report).field != nullptr) ++votes[report];
      }
    }
    // In the file's order where they have as many.
    std::ranges::sort(candidates, [&](const Report* one, const Report* other) {
      return std::pair(votes[other], one) < std::pair(votes[one], other);
    });
    for (const std::string& name : guess.fields) {
      for (const Report* report : candidates) {
        const Place place = place_in(guess, name, *report);
        if (place.field == nullptr) continue;
        places_.emplace(name, place);
        break;
      }
    }
  }

  [[nodiscard]] Place place_in(const GuessedReport& guess, const std::string& name,
                               const Report& report) const {
    const GuessedField* seen = guess_of(name);
    if (seen == nullptr) return {};
    const auto place = [&](const std::string& other) -> Place {
      const Field* field = report.carries(other) ? agreeing(other, *seen) : nullptr;
      return field == nullptr ? Place{} : Place{.field = field, .report = &report};
    };
    if (const Place own = place(name); own.field != nullptr || guessed_.has_names) return own;
    std::size_t prefix = guess.prefix.size();
    if (!guess.module.empty()) prefix += 2;  // "*."
    return place(report.prefix + (report.module.empty() ? "" : "*.") + name.substr(prefix));
  }

  const GuessedFamily& guessed_;
  const catalog::Family& family_;
  std::map<std::string, Place> places_;
};

// ---- what is taken over

const catalog::FilePart* part_of(const std::vector<catalog::FilePart>& parts,
                                 std::string_view name) {
  const auto found = std::ranges::find(parts, name, &catalog::FilePart::name);
  return found == parts.end() ? nullptr : &*found;
}

// Whether all that was seen is among the field's values, or in its range.
bool keeps_to_range(const SeenValues& seen, const Field& field) {
  if (!field.range || !seen.low) return true;
  const auto is_absent = [&](double value) {
    return field.absent && field.absent->is_number() && field.absent->to_number<double>() == value;
  };
  return (*seen.low >= field.range->low || is_absent(*seen.low)) &&
         (*seen.high <= field.range->high || is_absent(*seen.high));
}

bool keeps_to_values(const SeenValues& seen, const Field& field) {
  if (field.values.empty() || field.others) return true;
  if (seen.more) return false;
  return std::ranges::all_of(seen.texts, [&](const std::string& text) {
    return std::ranges::any_of(field.values, [&](const catalog::NamedValue& value) {
      return wire::to_text(value.value) == text;
    });
  });
}

// Keys that say which values are errors: a value that stays is none.
bool is_of_errors(std::string_view key) {
  return key == "error" || key == "ok" || key == "severity";
}

class TakeOver {
 public:
  TakeOver(const catalog::Family& family, const catalog::FileParts& parts, GuessedFamily& guessed)
      : family_(family), parts_(parts), guessed_(guessed), resemblance_(guessed, family) {}

  void run() {
    guessed_.similar = family_.id;
    for (const auto& [name, place] : resemblance_.places()) new_names_[name] = place.field->name;
    regroup();
    take_fields();
    take_groups();
    take_commands();
  }

 private:
  [[nodiscard]] const std::string& new_name(const std::string& name) const {
    const auto found = new_names_.find(name);
    return found == new_names_.end() ? name : found->second;
  }

  // Shared fields stand in the report that carries them; what a report of the guess has beside
  // these stays with most of them.
  void regroup() {
    std::vector<GuessedReport> reports;
    const auto report_of = [&](const GuessedReport& guess, const Report& report) -> GuessedReport& {
      const auto known = std::ranges::find(reports, report.name, &GuessedReport::name);
      if (known != reports.end()) return *known;
      GuessedReport made{.name = report.name,
                         .prefix = report.prefix,
                         .module = report.module,
                         .also_flat = report.also_flat};
      for (const auto& [key, value] : report.match) made.match[key] = value;
      if (made.match.empty()) made.match = guess.match;
      return reports.emplace_back(std::move(made));
    };
    std::set<std::string> taken;
    for (const GuessedReport& guess : guessed_.reports) {
      std::map<const Report*, std::size_t> counts;
      const Report* most = nullptr;
      for (const std::string& name : guess.fields) {
        const Report* report = place_of(name);
        if (report != nullptr && ++counts[report] > counts[most]) most = report;
      }
      for (const std::string& name : guess.fields) {
        const Report* report = place_of(name);
        if (report == nullptr) continue;
        // One field of many is no report of its own.
        if (counts[report] == 1 && counts[most] >= kManyFields) report = most;
        if (taken.insert(new_name(name)).second) {
          report_of(guess, *report).fields.push_back(new_name(name));
        }
      }
      std::vector<std::string> left;
      for (const std::string& name : guess.fields) {
        if (!resemblance_.places().contains(name)) left.push_back(name);
      }
      put_rest(guess, left, most == nullptr ? nullptr : &report_of(guess, *most), reports);
    }
    guessed_.reports = std::move(reports);
  }

  // The report of the family that carries the field; null: none does.
  [[nodiscard]] const Report* place_of(const std::string& name) const {
    const auto place = resemblance_.places().find(name);
    return place == resemblance_.places().end() ? nullptr : place->second.report;
  }

  // `into`: the report that has most of the guess's fields; null: none has one.
  void put_rest(const GuessedReport& guess, const std::vector<std::string>& names,
                GuessedReport* into, std::vector<GuessedReport>& reports) {
    if (names.empty()) return;
    if (into == nullptr) {
      GuessedReport& alone = reports.emplace_back(guess);
      alone.fields = names;
      while (std::ranges::count(reports, alone.name, &GuessedReport::name) > 1) alone.name += '_';
      return;
    }
    for (const std::string& name : names) {
      std::string renamed = name;
      if (!guessed_.has_names && into->prefix != guess.prefix &&
          into->module.empty() == guess.module.empty()) {
        renamed = into->prefix + name.substr(guess.prefix.size());
      }
      const bool is_free = std::ranges::none_of(guessed_.fields, [&](const GuessedField& field) {
        return field.name != name && new_name(field.name) == renamed;
      });
      if (is_free) new_names_[name] = renamed;
      into->fields.push_back(new_name(name));
    }
  }

  void take_fields() {
    for (GuessedField& guess : guessed_.fields) {
      const auto place = resemblance_.places().find(guess.name);
      guess.name = new_name(guess.name);
      if (place == resemblance_.places().end()) continue;
      const Field& field = *place->second.field;
      shared_.insert(field.name);
      guess.known_type = field.type;
      guess.only_end = false;
      guess.fractions = false;
      const catalog::FilePart* part = part_of(parts_.fields, field.name);
      if (part == nullptr) continue;
      for (const KeptKey& key : part->keys) {
        const bool contradicts = (key.first == "range" && !keeps_to_range(guess.values, field)) ||
                                 (key.first == "values" && !keeps_to_values(guess.values, field)) ||
                                 (key.first == "others" && field.values.empty()) ||
                                 (is_of_errors(key.first) && is_error(field, guess.values.last));
        const bool is_own = std::ranges::find(kOwnKeys, key.first) != kOwnKeys.end();
        if (key.first == "description" || (!is_own && !contradicts)) guess.kept.push_back(key);
      }
    }
    for (GuessedCommand& command : guessed_.commands) {
      for (GuessedParam& param : command.params) {
        for (std::string& name : param.sets) name = new_name(name);
        for (std::string& name : param.maybe) name = new_name(name);
      }
    }
    std::map<std::string, std::vector<std::string>> modules;
    for (const GuessedReport& report : guessed_.reports) {
      if (report.module.empty()) continue;
      for (auto& [group, sns] : guessed_.modules) {
        const std::string now = report.prefix.substr(0, report.prefix.find('.'));
        if (group == now || guessed_.modules.size() == 1) modules[now] = sns;
      }
    }
    if (!modules.empty()) guessed_.modules = std::move(modules);
  }

  void take_groups() {
    for (const catalog::FieldGroup& group : family_.groups) {
      catalog::FieldGroup kept{.name = group.name, .title = group.title, .fields = {}};
      for (const std::string& pattern : group.fields) {
        const bool has_one = std::ranges::any_of(guessed_.fields, [&](const GuessedField& field) {
          return pattern.ends_with('.') ? field.name.starts_with(pattern) : field.name == pattern;
        });
        if (has_one) kept.fields.push_back(pattern);
      }
      if (!kept.fields.empty()) guessed_.groups.push_back(std::move(kept));
    }
  }

  // Whether the command changes shared fields alone, and needs nothing that the guess lacks.
  [[nodiscard]] bool is_shared(const Command& command) const {
    const auto has_module = [](const wire::JsonObject& members) {
      return wire::to_text(members).contains("$module:");
    };
    if (command.by_model || has_module(command.set) || has_module(command.envelope) ||
        has_module(command.reply) || command.effects.empty()) {
      return false;
    }
    if (command.valid_while) return false;
    return std::ranges::all_of(command.effects, [&](const catalog::Effect& effect) {
      return shared_.contains(effect.field);
    });
  }

  // Whether a set of the command has been recorded with parameters that the family does not know.
  static bool has_other_params(const GuessedCommand& guess, const Command& command) {
    return !std::ranges::all_of(guess.params, [&](const GuessedParam& param) {
      return std::ranges::any_of(command.params, [&](const catalog::Param& known) {
        return known.name == param.name || is_among(known.alias, param.name);
      });
    });
  }

  void take_commands() {
    std::vector<std::string> select = guessed_.select;
    std::vector<std::string> known = family_.select;
    std::ranges::sort(select);
    std::ranges::sort(known);
    if (!guessed_.commands.empty() && select != known) return;
    bool has_one = false;
    for (const Command& command : family_.commands) {
      if (is_shared(command)) has_one = take(command) || has_one;
    }
    if (!has_one) return;
    guessed_.select = family_.select;
    if (!wire::to_text(family_.messages.set).contains("$module:")) {
      guessed_.set = family_.messages.set;
    }
    if (guessed_.result.empty() && !wire::to_text(family_.messages.reply).contains("$module:")) {
      guessed_.reply = family_.messages.reply;
      guessed_.result = family_.messages.result;
    }
  }

  bool take(const Command& command) {
    const auto selects = [&](const GuessedCommand& guess) {
      return std::ranges::is_permutation(guess.select, command.select);
    };
    auto guess = std::ranges::find_if(guessed_.commands, selects);
    if (guess != guessed_.commands.end() && has_other_params(*guess, command)) return false;
    const catalog::FilePart* part = part_of(parts_.commands, command.name);
    if (part == nullptr) return false;
    const bool is_named = std::ranges::any_of(guessed_.commands, [&](const GuessedCommand& other) {
      return other.name == command.name && !selects(other);
    });
    if (is_named) return false;
    if (guess == guessed_.commands.end()) {
      guess = guessed_.commands.insert(guess, GuessedCommand{.select = command.select});
    }
    guess->name = command.name;
    for (const KeptKey& key : part->keys) {
      if (key.first != "source") guess->kept.push_back(key);
    }
    return true;
  }

  const catalog::Family& family_;
  const catalog::FileParts& parts_;
  GuessedFamily& guessed_;
  const Resemblance resemblance_;
  std::map<std::string, std::string> new_names_;  // by the guess's names
  std::set<std::string> shared_;                  // names of fields
};

}  // namespace

std::optional<SimilarFamily> most_similar(const GuessedFamily& guessed,
                                          const std::vector<catalog::FamilyPtr>& families) {
  std::optional<SimilarFamily> best;
  for (const catalog::FamilyPtr& family : families) {
    if (family->passthrough) continue;
    const std::size_t shared = Resemblance(guessed, *family).places().size();
    const bool is_better =
        !best || shared > best->shared ||
        (shared == best->shared && family->fields.size() < best->family->fields.size());
    const bool is_enough = shared >= kFewestShared && shared * kLeastShare >= guessed.fields.size();
    if (!is_enough || !is_better) continue;
    best = {.family = family, .shared = shared, .of = guessed.fields.size()};
  }
  return best;
}

void take_over(const SimilarFamily& similar, const catalog::FileParts& parts,
               GuessedFamily& guessed) {
  TakeOver(*similar.family, parts, guessed).run();
}

}  // namespace gridloom::recordings

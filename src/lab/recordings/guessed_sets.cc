#include "recordings/guessed_sets.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridloom::recordings {
namespace {

using wire::Json;
using wire::JsonObject;

constexpr Millis kEffectShowsWithin{3000};  // after the set
constexpr std::size_t kMostCandidates = 4;  // fields that a parameter may set

bool selects(const Json& value) { return value.is_string() || wire::is_whole(value); }

bool is_among(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

const JsonObject* params_of(const JsonObject& message) {
  const Json* params = message.if_contains("params");
  return params == nullptr ? nullptr : params->if_object();
}

const Json* at_path(const JsonObject& message, std::string_view path) {
  if (!path.starts_with("params.")) return message.if_contains(path);
  const JsonObject* params = params_of(message);
  return params == nullptr ? nullptr : params->if_contains(path.substr(7));
}

// Whether a field has the value of a parameter: a boolean has that of 0 or 1.
bool same(const Json& field, const Json& param) {
  const auto number = [](const Json& value) {
    return value.is_bool() ? Json(value.get_bool() ? 1 : 0) : value;
  };
  return catalog::same_value(number(field), number(param));
}

std::string last_segment(const std::string& name) { return name.substr(name.rfind('.') + 1); }

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

class Sets {
 public:
  Sets(const RecordedTraffic& traffic, const GuessedReports& reports, GuessedFamily& family)
      : traffic_(traffic), reports_(reports), family_(family) {
    for (const RecordedTraffic::Entry& entry : traffic_.entries) {
      if (entry.is_set && params_of(entry.message) != nullptr) sets_.push_back(&entry);
    }
  }

  void write() {
    if (sets_.empty()) return;
    find_select();
    for (const RecordedTraffic::Entry* set : sets_) add(*set);
    find_effects();
    write_replies();
  }

 private:
  // A parameter, and how often each field took its value, or did not.
  struct Effect {
    std::map<std::string, std::size_t> took;
    std::set<std::string> did_not;
  };

  // Members that all sets have and that differ; if the sets differ by their parameters alone, those
  // of the parameters that all sets have.
  void find_select() {
    std::map<std::string, EnvelopeMember> members;
    std::set<std::set<std::string>> parameters;  // their names, by set
    for (const RecordedTraffic::Entry* set : sets_) {
      std::set<std::string> names;
      for (const auto& each : *params_of(set->message)) names.emplace(each.key());
      parameters.insert(std::move(names));
      for (const auto& [key, value] : set->message) {
        if (selects(value)) members[key].add(value);
      }
      for (const auto& [key, value] : *params_of(set->message)) {
        if (selects(value)) members["params." + std::string(key)].add(value);
      }
    }
    const auto is_candidate = [&](const std::string& name, const EnvelopeMember& member) {
      return member.count == sets_.size() && name != "id" && name != "version" && name != "sn";
    };
    for (const auto& [name, member] : members) {
      const bool own = !name.starts_with("params.");
      if (own && is_candidate(name, member) && member.values.size() > 1) {
        family_.select.push_back(name);
      }
    }
    if (!family_.select.empty()) return;
    for (const auto& [name, member] : members) {
      const bool of_params = name.starts_with("params.");
      const bool may = !of_params || (member.numbers && parameters.size() > 1);
      if (is_candidate(name, member) && may) family_.select.push_back(name);
    }
  }

  void add(const RecordedTraffic::Entry& set) {
    std::vector<std::pair<std::string, Json>> select;
    select.reserve(family_.select.size());
    for (const std::string& path : family_.select) {
      select.emplace_back(path, *at_path(set.message, path));
    }
    const auto known = std::ranges::find(family_.commands, select, &GuessedCommand::select);
    GuessedCommand& command =
        known != family_.commands.end()
            ? *known
            : family_.commands.emplace_back(GuessedCommand{.name = name_of(select)});
    command.select = std::move(select);
    ++command.sent;
    for (const auto& [key, value] : *params_of(set.message)) {
      if (is_among(family_.select, "params." + std::string(key))) continue;
      const auto found =
          std::ranges::find(command.params, std::string_view(key), &GuessedParam::name);
      GuessedParam& param = found != command.params.end()
                                ? *found
                                : command.params.emplace_back(GuessedParam{.name = key});
      param.values.add(value);
    }
  }

  [[nodiscard]] std::string name_of(const std::vector<std::pair<std::string, Json>>& select) const {
    std::string name;
    for (const auto& [path, value] : select) {
      if (!value.is_string() || path.starts_with("params.")) continue;
      name = wire::plain_text(value);
    }
    const bool alone =
        !name.empty() && std::ranges::none_of(family_.commands, [&](const GuessedCommand& command) {
          return command.name == name;
        });
    if (!alone) {
      name = "set";
      for (const auto& each : select) name += '_' + wire::plain_text(each.second);
    }
    std::ranges::replace_if(name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
    return name;
  }

  [[nodiscard]] GuessedCommand& command_of(const JsonObject& message) {
    return *std::ranges::find_if(family_.commands, [&](const GuessedCommand& command) {
      return std::ranges::all_of(command.select, [&](const auto& each) {
        return *at_path(message, each.first) == each.second;
      });
    });
  }

  // A field that had another value before a set and has the parameter's value soon after it, each
  // time.
  void find_effects() {
    std::map<std::string, std::map<std::string, Json>> state;  // by device
    std::map<std::string, std::map<std::string, Effect>> effects;
    for (std::size_t k = 0; k < traffic_.entries.size(); ++k) {
      const RecordedTraffic::Entry& entry = traffic_.entries[k];
      if (!entry.is_set) {
        for (auto& [name, value] : reports_.values_of(entry.message)) {
          state[entry.sn][name] = std::move(value);
        }
      } else if (params_of(entry.message) != nullptr) {
        look_at(entry, after(k), state[entry.sn], effects[command_of(entry.message).name]);
      }
    }
    for (GuessedCommand& command : family_.commands) {
      for (GuessedParam& param : command.params) choose(effects[command.name][param.name], param);
    }
  }

  // The values that the device reported soon after a set, and before the next one.
  [[nodiscard]] std::map<std::string, Json> after(std::size_t set) const {
    const RecordedTraffic::Entry& asked = traffic_.entries[set];
    std::map<std::string, Json> values;
    for (std::size_t k = set + 1; k < traffic_.entries.size(); ++k) {
      const RecordedTraffic::Entry& entry = traffic_.entries[k];
      if (entry.sn != asked.sn) continue;
      if (entry.is_set || entry.at > asked.at + kEffectShowsWithin) break;
      for (auto& [name, value] : reports_.values_of(entry.message)) {
        values[name] = std::move(value);
      }
    }
    return values;
  }

  static void look_at(const RecordedTraffic::Entry& set,
                      const std::map<std::string, Json>& reported,
                      const std::map<std::string, Json>& before,
                      std::map<std::string, Effect>& effects) {
    for (const auto& [key, value] : *params_of(set.message)) {
      Effect& effect = effects[key];
      for (const auto& [name, old] : before) {
        const auto now = reported.find(name);
        const bool has = same(now == reported.end() ? old : now->second, value);
        if (!has) {
          effect.did_not.insert(name);
        } else if (!same(old, value)) {
          ++effect.took[name];
        }
      }
    }
  }

  static void choose(const Effect& effect, GuessedParam& param) {
    std::vector<std::string> names;
    for (const auto& [name, times] : effect.took) {
      if (!effect.did_not.contains(name)) names.push_back(name);
    }
    const auto alike = [&](const std::string& name) {
      const std::string end = lower(last_segment(name));
      return end.contains(lower(param.name)) || lower(param.name).contains(end);
    };
    std::vector<std::string> like;
    std::ranges::copy_if(names, std::back_inserter(like), alike);
    if (!like.empty() && like.size() <= kMostCandidates) {
      param.sets = std::move(like);
    } else if (names.size() == 1) {
      param.sets = std::move(names);
    } else if (names.size() <= kMostCandidates) {
      param.maybe = std::move(names);
    }
  }

  void write_replies() {
    std::map<std::string, EnvelopeMember> members;
    std::map<std::string, bool> repeats;  // the set's member of that name
    std::size_t replies = 0;
    for (const RecordedTraffic::Entry* set : sets_) {
      if (!set->reply) continue;
      ++replies;
      for (const auto& [key, value] : *set->reply) {
        if (value.is_object()) {
          family_.result = key;
          command_of(set->message).reply = result_of(value.get_object(), *params_of(set->message));
          continue;
        }
        members[key].add(value);
        const Json* asked = set->message.if_contains(key);
        const auto [known, is_new] = repeats.try_emplace(key, true);
        known->second = known->second && asked != nullptr && *asked == value;
      }
    }
    for (const auto& [name, member] : members) {
      if (member.count < replies) continue;
      if (name == "id") {
        family_.reply[name] = "$id";
      } else if (repeats[name] && member.values.size() > 1) {
        family_.reply[name] = "$request." + name;
      } else {
        family_.reply[name] = member.shape(name);
      }
    }
  }

  static JsonObject result_of(const JsonObject& result, const JsonObject& params) {
    JsonObject reply;
    for (const auto& [key, value] : result) {
      const Json* asked = params.if_contains(key);
      const bool repeated = asked != nullptr && *asked == value;
      reply[key] = repeated ? Json("$request.params." + std::string(key)) : value;
    }
    return reply;
  }

  const RecordedTraffic& traffic_;
  const GuessedReports& reports_;
  GuessedFamily& family_;
  std::vector<const RecordedTraffic::Entry*> sets_;
};

}  // namespace

void write_guessed_sets(const RecordedTraffic& traffic, const GuessedReports& reports,
                        GuessedFamily& family) {
  Sets(traffic, reports, family).write();
}

}  // namespace gridloom::recordings

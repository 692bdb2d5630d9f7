// Every command that changes fields has a place in the goldens where one of them is read or
// reported after a set.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/loader.h"
#include "testing/source_path.h"
#include "transcripts/script.h"
#include "wire/json.h"

namespace gridloom::transcripts {
namespace {

using catalog::Command;
using catalog::Family;

// The message of a set, or nothing: `PUT .../quota {json}` and `mqtt SN set {json}`.
std::optional<wire::JsonObject> set_in(const Line& line) {
  const bool http = line.directive == Directive::kRequest && line.words.size() >= 2 &&
                    line.words[0] == "PUT" && line.words[1].ends_with("/device/quota");
  const bool mqtt =
      line.directive == Directive::kAppSends && line.words.size() >= 2 && line.words[1] == "set";
  if (!http && !mqtt) return std::nullopt;
  auto parsed = wire::parse_json(line.payload);
  if (!parsed || !parsed->is_object()) return std::nullopt;
  wire::JsonObject message = parsed->get_object();
  if (mqtt) message["sn"] = line.words[0];
  return message;
}

// A report has the last part of the name; behind a module's serial number it is that part, too.
bool shows(const std::string& expectation, const std::string& field) {
  const std::string last = field.substr(field.rfind('.') + 1) + '"';
  return expectation.contains('"' + last) || expectation.contains('.' + last);
}

std::set<const Command*> commands_shown(const catalog::Catalog& catalog) {
  std::set<const Command*> shown;
  for (const auto& file : scripts_at(source_path("tests/transcripts"))) {
    const auto script = load_script(file);
    EXPECT_TRUE(script) << (script ? "" : script.error().detail);
    if (!script) continue;
    const Command* last = nullptr;
    for (const Line& line : script->lines) {
      if (const auto message = set_in(line)) {
        const wire::Json* sn = message->if_contains("sn");
        if (sn == nullptr || !sn->is_string()) continue;
        const auto command =
            catalog.of_serial(std::string_view(sn->get_string()))->find_command(*message);
        last = command ? *command : nullptr;
      } else if (is_expectation(line.directive) && last != nullptr) {
        for (const catalog::Effect& effect : last->effects) {
          if (shows(line.payload, effect.field)) shown.insert(last);
        }
      }
    }
  }
  return shown;
}

TEST(Goldens, ShowTheEffectOfEachCommand) {
  const auto catalog = catalog::load_catalog({});
  ASSERT_TRUE(catalog);
  const std::set<const Command*> shown = commands_shown(**catalog);
  std::vector<std::string> missing;
  for (const catalog::FamilyPtr& family : (*catalog)->families()) {
    for (const Command& command : family->commands) {
      if (command.effects.empty() || shown.contains(&command)) continue;
      missing.push_back(family->id + ' ' + command.name);
    }
  }
  EXPECT_THAT(missing, testing::IsEmpty());
}

}  // namespace
}  // namespace gridloom::transcripts

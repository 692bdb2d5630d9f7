// `gridloom family guess` writes a device file from a recording.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "app/command_line/commands.h"
#include "app/command_line/common_options.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "catalog/file_parts.h"
#include "catalog/loader.h"
#include "catalog/starter.h"
#include "recordings/family_guess.h"
#include "recordings/similar_family.h"
#include "transcripts/script.h"
#include "wire/json.h"

namespace gridloom::app {
namespace {

struct FamilyFileArguments {
  std::string file, family, devices;
  bool json = false;
};

// "My recording.loom" as my_recording.
std::string id_of(const std::string& file) {
  std::string id = std::filesystem::path(file).stem().string();
  std::ranges::transform(id, id.begin(), [](unsigned char c) {
    return std::isalnum(c) != 0 ? static_cast<char>(std::tolower(c)) : '_';
  });
  return id;
}

// The family that the recording says its devices are of, if it is one that can be compared with.
catalog::FamilyPtr family_in(const catalog::Catalog& catalog,
                             const recordings::GuessedFamily& guessed) {
  const catalog::FamilyPtr& family = catalog.of_serial(guessed.sn);
  return family == nullptr || family->passthrough ? nullptr : family;
}

std::string text_of(const recordings::GuessScore::Share& share) {
  const double percent =
      share.of == 0 ? 100 : 100 * static_cast<double>(share.found) / static_cast<double>(share.of);
  return fmt::format("{} of {} ({:.1f} %)", share.found, share.of, percent);
}

wire::JsonArray json_of(const recordings::GuessScore::Share& share) {
  return {share.found, share.of};
}

void print_score(const recordings::GuessScore& score, const std::string& family) {
  fmt::print("Compared with the device file of {}:\n", family);
  fmt::print("  fields    {}\n", text_of(score.fields));
  fmt::print("  types     {}\n", text_of(score.types));
  if (score.unknown_types > 0) {
    fmt::print("  unknown   {} types: only 0 was seen\n", score.unknown_types);
  }
  fmt::print("  groups    {}\n", text_of(score.groups));
  fmt::print("  commands  {}\n", text_of(score.commands));
  fmt::print("  invented  {}\n", score.invented.size());
}

// The family of those that come with Gridloom that the guess resembles most, from which it has
// taken over what agrees; nothing if there is none.
Result<std::optional<recordings::SimilarFamily>> start_from_similar(
    recordings::GuessedFamily& guessed) {
  GL_TRY(const auto shipped, catalog::load_catalog({}));
  std::optional<recordings::SimilarFamily> similar =
      recordings::most_similar(guessed, shipped->families());
  if (!similar) return similar;
  for (const catalog::EmbeddedFile& file : catalog::embedded_files()) {
    if (file.name != similar->family->id + ".yaml") continue;
    GL_TRY(const auto parts, catalog::file_parts(file));
    take_over(*similar, parts, guessed);
  }
  return similar;
}

int guess(const FamilyFileArguments& arguments) {
  // Only the comparison needs the folder's families, which may be an earlier guess of the same
  // device.
  auto catalog = catalog::load_catalog(arguments.devices);
  if (!catalog) catalog = catalog::load_catalog({});
  if (!catalog) return report_error(catalog.error());
  const auto script = transcripts::load_script(arguments.file);
  if (!script) return report_error(script.error());
  auto guessed = recordings::guess_family(*script);
  if (!guessed) return report_error(guessed.error());
  const auto similar = start_from_similar(*guessed);
  if (!similar) return report_error(similar.error());
  const std::string id = arguments.family.empty() ? id_of(arguments.file) : arguments.family;
  if (const auto valid = catalog::starter_file(id); !valid) return report_error(valid.error());
  const std::filesystem::path file = std::filesystem::path(arguments.devices) / (id + ".yaml");
  if (const Status written = write_new_file(file, recordings::device_file_of(*guessed, id));
      !written) {
    return report_error(written.error());
  }
  const catalog::FamilyPtr known = family_in(**catalog, *guessed);
  const auto score = known ? std::optional(recordings::compare(*guessed, *known)) : std::nullopt;
  if (arguments.json) {
    wire::JsonObject row{{"file", file.string()},
                         {"fields", guessed->fields.size()},
                         {"reports", guessed->reports.size()},
                         {"commands", guessed->commands.size()}};
    if (*similar) {
      row["similar"] = wire::JsonObject{{"family", (*similar)->family->id},
                                        {"fields", {(*similar)->shared, (*similar)->of}}};
    }
    if (score) {
      row["compared"] = wire::JsonObject{{"family", known->id},
                                         {"fields", json_of(score->fields)},
                                         {"types", json_of(score->types)},
                                         {"unknown_types", score->unknown_types},
                                         {"groups", json_of(score->groups)},
                                         {"commands", json_of(score->commands)},
                                         {"invented", score->invented.size()}};
    }
    print_json(row);
    return 0;
  }
  fmt::print("{}: {} fields in {} reports, {} commands; its comments ask what is not known\n",
             file.string(), guessed->fields.size(), guessed->reports.size(),
             guessed->commands.size());
  if (*similar) {
    const recordings::SimilarFamily& like = **similar;
    fmt::print(
        "Most similar family: {}, with {} of the fields, whose types, units, titles, groups\n"
        "and commands it has now\n",
        like.family->id, text_of({.found = like.shared, .of = like.of}));
  } else {
    fmt::print("No family that comes with Gridloom is similar\n");
  }
  if (score) print_score(*score, known->id);
  return 0;
}

}  // namespace

std::shared_ptr<void> add_family_guess(CLI::App& family, std::function<int()>& chosen) {
  const auto kept = std::make_shared<FamilyFileArguments>();
  FamilyFileArguments& a = *kept;
  CLI::App* made = add_command(family, "guess", "Writes a device file from a recording");
  add_json_option(*made, a.json);
  set_action(*made, chosen, [&a] { return guess(a); });
  add_value(*made, "file", a.file, placeholder::kFile, "Recording of a device").required();
  add_value(
      *made, "family", a.family, placeholder::kName,
      "Id of the new family, which is the name of the file; by default that of the recording");
  add_value(*made, "--devices", a.devices, placeholder::kFolder,
            "Folder of the file; the current one by default");
  set_examples(*made, {"gridloom family guess recording.loom heat_pump --devices my-devices"});
  return kept;
}

}  // namespace gridloom::app

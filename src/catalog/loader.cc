// Converts a device file's text to a Family, and all files to a Catalog. sections.h reads the
// sections; this file handles a file, or several files, as a whole.
#include "catalog/loader.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/read_file.h"
#include "catalog/entry.h"
#include "catalog/expand.h"
#include "catalog/sections.h"
#include "catalog/yaml_tree.h"

namespace gridloom::catalog {
namespace {

constexpr std::size_t kMaxFiles = 1000;  // in one folder

std::string_view stem(std::string_view file_name) {
  if (const auto slash = file_name.rfind('/'); slash != std::string_view::npos) {
    file_name.remove_prefix(slash + 1);
  }
  return file_name.substr(0, file_name.rfind('.'));
}

void read_product_alias(const Entry& file, Family& family) {
  file.text("product_alias", family.product_alias);
  if (file.has("product_alias") && family.product_alias.empty()) {
    file.mistake("product_alias", "is empty");
  }
  std::string listed = "product";
  file.choice("list_as", listed);
  family.listed_by_alias = listed == "product_alias";
  if (family.listed_by_alias && family.product_alias.empty()) {
    file.mistake("list_as", "is product_alias, but that key is missing");
  }
}

void read_head(const Entry& file, std::string_view file_name, Family& family) {
  file.text("family", family.id);
  if (file.has("family") && family.id != stem(file_name)) {
    file.mistake("family",
                 fmt::format("\"{}\" must be the file's name, \"{}\"", family.id, stem(file_name)));
  }
  file.text("product", family.product);
  read_product_alias(file, family);
  file.text("description", family.description);
  file.texts("prefixes", family.prefixes);
  file.whole("product_type", family.product_type);
  file.whole("model", family.model);
  file.flag("passthrough", family.passthrough);
  file.flag("read_only", family.read_only);
  std::string shape = "flat";
  file.choice("quota_all", shape);
  family.all = shape == "nested" ? QuotaAllForm::kNested : QuotaAllForm::kFlat;
  if (family.prefixes.empty() && !family.passthrough) {
    file.mistake("prefixes",
                 "is missing: must be the beginnings of its serial numbers, such as [R331]");
  }
  if (std::ranges::find(family.prefixes, std::string()) != family.prefixes.end()) {
    file.mistake("prefixes", "an empty prefix would match every device");
  }
}

Result<std::vector<std::filesystem::path>> device_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  std::filesystem::directory_iterator at(folder, error);
  for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
    if (at->path().extension() != ".yaml") continue;
    files.push_back(at->path());
    if (files.size() > kMaxFiles) {
      return fail(ErrorCode::kIo,
                  fmt::format("{}: more than {} device files", folder.string(), kMaxFiles));
    }
  }
  if (error) {
    return fail(ErrorCode::kIo, fmt::format("{}: device files cannot be read: {}", folder.string(),
                                            error.message()));
  }
  std::ranges::sort(files);
  return files;
}

// Checks that families do not share values that must be unique. Adds one line per problem.
void check_together(const std::vector<FamilyPtr>& families, std::vector<std::string>& problems) {
  std::map<std::string, std::string> owner;
  const Family* passthrough = nullptr;
  for (const FamilyPtr& family : families) {
    for (const std::string& prefix : family->prefixes) {
      const auto [at, fresh] = owner.emplace(prefix, family->id);
      if (fresh) continue;
      problems.push_back(fmt::format("{}.yaml: prefixes: {} is a prefix of {} already", family->id,
                                     prefix, at->second));
    }
    if (!family->passthrough) continue;
    if (passthrough != nullptr) {
      problems.push_back(
          fmt::format("{}.yaml: passthrough: is true in {} already; only one family can have it",
                      family->id, passthrough->id));
    }
    passthrough = family.get();
  }
}

// Loads families one by one; keeps the last family of each id, and all problems.
class Collector {
 public:
  void load(std::string_view name, std::string_view text) {
    Result<FamilyPtr> family = load_family(name, text);
    if (!family) {
      problems_.push_back(std::move(family.error().detail));
      return;
    }
    const auto same =
        std::ranges::find(families_, (*family)->id, [](const FamilyPtr& one) { return one->id; });
    if (same == families_.end()) {
      families_.push_back(std::move(*family));
    } else {
      *same = std::move(*family);
    }
  }

  Result<std::shared_ptr<const Catalog>> finish() {
    if (problems_.empty()) check_together(families_, problems_);
    if (problems_.empty()) return std::make_shared<const Catalog>(std::move(families_));
    std::string all;
    for (const std::string& problem : problems_) all += (all.empty() ? "" : "\n") + problem;
    return fail(ErrorCode::kMalformed, std::move(all));
  }

 private:
  std::vector<FamilyPtr> families_;
  std::vector<std::string> problems_;
};

}  // namespace

Result<FamilyPtr> load_family(std::string_view file_name, std::string_view text) {
  Mistakes mistakes(file_name);
  YamlDocument document = read_yaml(text);
  if (!document.mistake.what.empty()) {
    mistakes.add(document.mistake.line, "", document.mistake.what);
    return std::unexpected(mistakes.fault());
  }
  const Entry file(document.root, "", mistakes, SectionId::kFile);
  expand(document.root, file);
  auto family = std::make_shared<Family>();
  read_head(file, file_name, *family);
  read_fields(file, *family);
  read_commands(file, *family);
  read_messages(file, *family);
  read_faults(file, *family);
  check_signals(file, *family);
  read_physics(file, *family);
  if (!mistakes.none()) return std::unexpected(mistakes.fault());
  return FamilyPtr(std::move(family));
}

Result<std::shared_ptr<const Catalog>> load_catalog(const std::filesystem::path& folder) {
  Collector collector;
  for (const EmbeddedFile& file : embedded_files()) collector.load(file.name, file.text);
  if (!folder.empty()) {
    const auto files = device_files(folder);
    if (!files) return std::unexpected(files.error());
    for (const std::filesystem::path& path : *files) {
      const auto text = read_text(path, kMaxDeviceFile);
      if (!text) return std::unexpected(text.error());
      collector.load(path.string(), *text);
    }
  }
  return collector.finish();
}

}  // namespace gridloom::catalog

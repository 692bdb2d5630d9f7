// Converts a device file's text to a Family, with the texts of its translation or its own, and all
// files to a Catalog. sections.h reads the sections; this file handles a file, or several files, as
// a whole.
#include "catalog/loader.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/printable.h"
#include "base/read_file.h"
#include "catalog/entry.h"
#include "catalog/expand.h"
#include "catalog/plausible.h"
#include "catalog/products_file.h"
#include "catalog/sections.h"
#include "catalog/translation.h"
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
  // Null, with a problem: the file has mistakes.
  FamilyPtr load(std::string_view name, std::string_view text) {
    Result<FamilyPtr> family = load_family(name, text);
    if (!family) {
      problems_.push_back(std::move(family.error().detail));
      return nullptr;
    }
    // The translation of another file of the family does not fit this one.
    std::erase_if(german_, [&](const FamilyPtr& one) { return one->id == (*family)->id; });
    put(families_, *family);
    return *family;
  }

  void translate(const Family& family, std::string_view file, const EmbeddedFile& translation) {
    Result<FamilyPtr> german = load_translation(family, file, translation);
    if (german) {
      put(german_, std::move(*german));
    } else {
      problems_.push_back(std::move(german.error().detail));
    }
  }

  void add_problem(std::string problem) { problems_.push_back(std::move(problem)); }

  // The products of a file, which take the place of those before. Their families were loaded.
  void load_products(std::string_view name, std::string_view text) {
    auto products = catalog::load_products(name, text, families_);
    if (products) {
      products_ = std::move(*products);
    } else {
      problems_.push_back(std::move(products.error().detail));
    }
  }
  [[nodiscard]] bool has_problems() const { return !problems_.empty(); }

  // Leaves out the products about which the family decides by its prefixes.
  void leave_out_products_of(const Family& family) {
    std::erase_if(products_, [&](const Product& product) {
      return product.family == family.id ||
             std::ranges::any_of(family.prefixes, [&](const std::string& prefix) {
               return product.prefix.starts_with(prefix);
             });
    });
  }

  Result<std::shared_ptr<const Catalog>> finish() {
    if (problems_.empty()) check_together(families_, problems_);
    if (problems_.empty()) {
      return std::make_shared<const Catalog>(std::move(families_), std::move(german_),
                                             std::move(products_));
    }
    std::string all;
    for (const std::string& problem : problems_) all += (all.empty() ? "" : "\n") + problem;
    return fail(ErrorCode::kMalformed, std::move(all));
  }

 private:
  static void put(std::vector<FamilyPtr>& families, FamilyPtr family) {
    const auto same =
        std::ranges::find(families, family->id, [](const FamilyPtr& one) { return one->id; });
    if (same == families.end()) {
      families.push_back(std::move(family));
    } else {
      *same = std::move(family);
    }
  }

  std::vector<FamilyPtr> families_;
  std::vector<FamilyPtr> german_;
  std::vector<Product> products_;
  std::vector<std::string> problems_;
};

// `original`: of a translated file, the family without translation; null: the file is none. Physics
// goes by English names of values, and is that of the original.
std::shared_ptr<Family> read_family(YamlNode& root, const Family* original, Mistakes& mistakes) {
  const Entry file(root, "", mistakes, SectionId::kFile);
  expand(root, file);
  auto family = std::make_shared<Family>();
  read_head(file, mistakes.file(), *family);
  read_fields(file, *family);
  read_commands(file, *family);
  read_battery_modes(file, *family);
  read_messages(file, *family);
  read_faults(file, *family);
  read_modbus(file, *family);
  check_signals(file, *family);
  if (original == nullptr) {
    read_physics(file, *family);
  } else {
    family->physics = original->physics;
    family->place = original->place;
  }
  fill_plausible(*family);
  return family;
}

// Whether the text is YAML; records a mistake otherwise.
bool is_yaml(const YamlDocument& document, Mistakes& mistakes) {
  if (document.mistake.what.empty()) return true;
  mistakes.add(document.mistake.line, "", document.mistake.what);
  return false;
}

const EmbeddedFile* find_file(const std::vector<EmbeddedFile>& files, std::string_view name) {
  const auto found = std::ranges::find(files, name, &EmbeddedFile::name);
  return found == files.end() ? nullptr : &*found;
}

// Loads the products of a folder, or leaves out those that its families decide about.
Status load_products_of(const std::filesystem::path& folder, const std::vector<FamilyPtr>& families,
                        Collector& collector) {
  const std::filesystem::path path = folder / kProductsFile;
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    for (const FamilyPtr& family : families) collector.leave_out_products_of(*family);
    return {};
  }
  GL_TRY(const auto text, read_text(path, kMaxDeviceFile));
  if (!collector.has_problems()) collector.load_products(path.string(), text);
  return {};
}

// Loads the device files of a folder with their translations, and those of families of which the
// folder has no file.
Status load_folder(const std::filesystem::path& folder, Translations translations,
                   Collector& collector) {
  GL_TRY(const auto files, device_files(folder));
  const std::filesystem::path german = folder / kGermanFolder;
  std::error_code ignored;
  std::vector<std::filesystem::path> left;
  if (translations == Translations::kAll && std::filesystem::is_directory(german, ignored)) {
    GL_TRY(auto found, device_files(german));
    left = std::move(found);
  }
  const auto translate = [&](const Family& family, std::string_view file,
                             const std::filesystem::path& path) -> Status {
    GL_TRY(const auto text, read_text(path, kMaxDeviceFile));
    const std::string name = path.string();
    collector.translate(family, file, {.name = name, .text = text});
    return {};
  };
  std::vector<FamilyPtr> loaded;
  for (const std::filesystem::path& path : files) {
    GL_TRY(const auto text, read_text(path, kMaxDeviceFile));
    const FamilyPtr family = collector.load(path.string(), text);
    if (family != nullptr) loaded.push_back(family);
    const auto found = std::ranges::find(left, german / path.filename());
    if (found == left.end()) continue;
    if (family != nullptr) {
      GL_TRY(translate(*family, text, *found));
    }
    left.erase(found);
  }
  const std::vector<EmbeddedFile> embedded =
      left.empty() ? std::vector<EmbeddedFile>() : embedded_files();
  for (const std::filesystem::path& path : left) {
    const EmbeddedFile* file = find_file(embedded, path.filename().string());
    if (file == nullptr) {
      collector.add_problem(fmt::format("{}: there is no device file {}", path.string(),
                                        (folder / path.filename()).string()));
      continue;
    }
    GL_TRY(const auto family, load_family(file->name, file->text));
    GL_TRY(translate(*family, file->text, path));
  }
  return load_products_of(folder, loaded, collector);
}

// Names of fields and parameters are public.
void keep_names(const std::vector<Param>& params) {
  for (const Param& param : params) {
    keep_when_redacting(param.name);
    for (const std::string& name : param.alias) keep_when_redacting(name);
    keep_names(param.fields);
    keep_names(param.forms);
  }
}
void keep_names(const Family& family) {
  for (const Field& field : family.fields) keep_when_redacting(field.name);
  for (const Command& command : family.commands) keep_names(command.params);
  for (const Command& command : family.modbus_commands) keep_names(command.params);
}

}  // namespace

Result<FamilyPtr> load_family(std::string_view file_name, std::string_view text) {
  Mistakes mistakes(file_name);
  YamlDocument document = read_yaml(text);
  if (!is_yaml(document, mistakes)) return std::unexpected(mistakes.fault());
  std::shared_ptr<Family> family = read_family(document.root, nullptr, mistakes);
  if (!mistakes.none()) return std::unexpected(mistakes.fault());
  keep_names(*family);
  return FamilyPtr(std::move(family));
}

Result<FamilyPtr> load_translation(const Family& family, std::string_view file,
                                   const EmbeddedFile& translation) {
  Mistakes mistakes(translation.name);
  YamlDocument document = read_yaml(file);
  const YamlDocument texts = read_yaml(translation.text);
  if (!is_yaml(document, mistakes) || !is_yaml(texts, mistakes)) {
    return std::unexpected(mistakes.fault());
  }
  put_texts(document.root, texts.root, mistakes);
  if (!mistakes.none()) return std::unexpected(mistakes.fault());
  std::shared_ptr<Family> translated = read_family(document.root, &family, mistakes);
  if (mistakes.none() &&
      !std::ranges::equal(translated->fields, family.fields, {}, &Field::name, &Field::name)) {
    mistakes.add(1, "fields", "a text of `with` is a part of a field's name");
  }
  if (!mistakes.none()) return std::unexpected(mistakes.fault());
  return FamilyPtr(std::move(translated));
}

std::vector<std::string> missing_texts(std::string_view file, std::string_view translation) {
  return missing_texts(read_yaml(file).root, read_yaml(translation).root);
}

Result<std::shared_ptr<const Catalog>> load_catalog(const std::filesystem::path& folder,
                                                    Translations translations) {
  Collector collector;
  const std::vector<EmbeddedFile> german =
      translations == Translations::kAll ? embedded_translations() : std::vector<EmbeddedFile>();
  for (const EmbeddedFile& file : embedded_files()) {
    const FamilyPtr family = collector.load(file.name, file.text);
    const EmbeddedFile* texts = find_file(german, file.name);
    if (family == nullptr || texts == nullptr) continue;
    const std::string name = fmt::format("{}/{}", kGermanFolder, file.name);
    collector.translate(*family, file.text, {.name = name, .text = texts->text});
  }
  for (const EmbeddedFile& file : embedded_products()) {
    if (!collector.has_problems()) collector.load_products(file.name, file.text);
  }
  if (!folder.empty()) {
    GL_TRY(load_folder(folder, translations, collector));
  }
  return collector.finish();
}

}  // namespace gridloom::catalog

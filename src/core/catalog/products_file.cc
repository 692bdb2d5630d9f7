#include "catalog/products_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/nearest.h"
#include "catalog/entry.h"
#include "catalog/keys.h"
#include "catalog/loader.h"
#include "catalog/yaml_tree.h"

namespace gridloom::catalog {
namespace {

class ProductReader {
 public:
  ProductReader(const Entry& file, const std::vector<FamilyPtr>& families)
      : file_(file), families_(families), served_(families) {}

  std::vector<Product> read() {
    file_.members("sources", [this](const std::string& word, const YamlNode&, const std::string&) {
      sources_.push_back(word);
    });
    file_.members(
        "products", [this](const std::string& prefix, const YamlNode& node, std::string path) {
          read_product(prefix, Entry(node, std::move(path), file_.mistakes(), SectionId::kProduct));
        });
    return std::move(products_);
  }

 private:
  void read_product(const std::string& prefix, const Entry& entry) {
    Product product;
    product.prefix = prefix;
    entry.text("name", product.name);
    entry.text("family", product.family);
    entry.text("host", product.host);
    entry.text("note", product.note);
    entry.text("source", product.source);
    std::string reason;
    entry.choice("unserved", reason);
    for (const Unserved each : kUnserved) {
      if (name_of(each) == reason) product.unserved = each;
    }
    check_source(product, entry);
    check_family(product, entry);
    check_host(product, entry);
    products_.push_back(std::move(product));
  }

  void check_source(const Product& product, const Entry& entry) const {
    std::string_view rest = product.source;
    if (entry.has("source") && rest.empty()) entry.mistake("source", "is empty");
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      std::string_view one = rest.substr(0, comma);
      rest.remove_prefix(std::min(comma + 1, rest.size()));
      while (one.starts_with(' ')) one.remove_prefix(1);
      const std::string word(one.substr(0, one.find(' ')));
      if (std::ranges::find(sources_, word) == sources_.end()) {
        entry.mistake("source", fmt::format("\"{}\" is none of the file's `sources`", word));
      }
    }
  }

  // Whether a family has the id; a mistake otherwise.
  [[nodiscard]] bool is_known(const std::string& id, const Entry& entry,
                              std::string_view key) const {
    std::vector<std::string_view> known;
    known.reserve(families_.size());
    for (const FamilyPtr& family : families_) known.emplace_back(family->id);
    if (std::ranges::find(known, id) != known.end()) return true;
    entry.mistake(key, fmt::format("there is no family {}{}", id, did_you_mean(id, known)));
    return false;
  }

  void check_family(const Product& product, const Entry& entry) const {
    if (product.family.empty() != entry.has("unserved")) {
      return entry.mistake("", "must have either a family, or in unserved why none serves it");
    }
    if (product.family.empty() || !is_known(product.family, entry, "family")) return;
    const std::string& serving = served_.of_serial(product.prefix)->id;
    if (serving == product.family) return;
    entry.mistake("family", fmt::format("{} is served by {}: no prefix of {} is longer",
                                        product.prefix, serving, product.family));
  }

  void check_host(const Product& product, const Entry& entry) const {
    if (product.host.empty()) return;
    if (product.unserved != Unserved::kThroughHost) {
      return entry.mistake("host", "stands with unserved: through_host alone");
    }
    (void)is_known(product.host, entry, "host");
  }

  const Entry& file_;
  const std::vector<FamilyPtr>& families_;
  Catalog served_;  // by prefixes of families alone
  std::vector<std::string> sources_;
  std::vector<Product> products_;
};

}  // namespace

Result<std::vector<Product>> load_products(std::string_view file_name, std::string_view text,
                                           const std::vector<FamilyPtr>& families) {
  Mistakes mistakes(file_name);
  const YamlDocument document = read_yaml(text);
  if (!document.mistake.what.empty()) {
    mistakes.add(document.mistake.line, "", document.mistake.what);
    return std::unexpected(mistakes.fault());
  }
  const Entry file(document.root, "", mistakes, SectionId::kProducts);
  std::vector<Product> products = ProductReader(file, families).read();
  if (!mistakes.none()) return std::unexpected(mistakes.fault());
  return products;
}

}  // namespace gridloom::catalog

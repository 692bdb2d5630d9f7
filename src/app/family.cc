#include "app/family.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <iterator>
#include <string>

#include "base/read_file.h"
#include "catalog/loader.h"
#include "sim/model.h"

namespace gridloom::app {

int list_families(const std::filesystem::path& folder) {
  const auto catalog = catalog::load_catalog(folder);
  if (!catalog) {
    fmt::print(stderr, "{}\n", catalog.error().detail);
    return 1;
  }
  fmt::print("{:<18} {:<18} {:>6} {:>8} {:>7}  {}\n", "FAMILY", "PRODUCT", "FIELDS", "COMMANDS",
             "REPORTS", "PREFIXES");
  for (const catalog::FamilyPtr& family : (*catalog)->families()) {
    fmt::print("{:<18} {:<18} {:>6} {:>8} {:>7}  {}\n", family->id, family->product,
               family->fields.size(), family->commands.size(), family->reports.size(),
               fmt::join(family->prefixes, " "));
  }
  return 0;
}

int check_family(const std::filesystem::path& file) {
  const auto text = read_text(file, catalog::kMostDeviceFile);
  if (!text) {
    fmt::print(stderr, "gridloom: {}\n", text.error().detail);
    return 1;
  }
  const auto family = catalog::load_family(file.string(), *text);
  if (!family) {
    fmt::print(stderr, "{}\n", family.error().detail);
    return 1;
  }
  if (const Status fits = sim::check_model(*family); !fits) {
    fmt::print(stderr, "{}: {}\n", file.string(), fits.error().detail);
    return 1;
  }
  fmt::print("{}: good: {} fields, {} commands, {} reports\n", file.string(),
             (*family)->fields.size(), (*family)->commands.size(), (*family)->reports.size());
  return 0;
}

}  // namespace gridloom::app

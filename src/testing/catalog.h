// The catalogue that ships, read once a process: with sanitizers that takes as long as most tests.
#pragma once

#include <memory>

#include "catalog/loader.h"
#include "testing/must.h"

namespace gridloom {

inline const std::shared_ptr<const catalog::Catalog>& shipped_catalog() {
  static const std::shared_ptr<const catalog::Catalog> kCatalog = must(catalog::load_catalog({}));
  return kCatalog;
}

// The same with all translations.
inline const std::shared_ptr<const catalog::Catalog>& translated_catalog() {
  static const std::shared_ptr<const catalog::Catalog> kCatalog =
      must(catalog::load_catalog({}, catalog::Translations::kAll));
  return kCatalog;
}

}  // namespace gridloom

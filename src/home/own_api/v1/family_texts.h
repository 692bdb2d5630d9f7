// The answers of GET /api/v1/families and GET /api/v1/families/FAMILY in each language: the same
// for everybody as long as the server runs, and large, so each text is made at its first request
// and kept.
//
// Belongs to a loop.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "api/message/tagged_text.h"
#include "base/string_map.h"
#include "catalog/family.h"
#include "catalog/language.h"

namespace gridloom::api {

class FamilyTexts {
 public:
  explicit FamilyTexts(std::shared_ptr<const catalog::Catalog> catalog);

  using Text = TaggedText;
  // Null: there is no such family. Valid as long as this object.
  [[nodiscard]] const Text* of(std::string_view family, catalog::Language language);
  [[nodiscard]] const Text& all(catalog::Language language);
  // How many texts were made.
  [[nodiscard]] std::uint64_t made() const { return made_; }

 private:
  [[nodiscard]] Text make(std::string json);

  std::shared_ptr<const catalog::Catalog> catalog_;
  struct Texts {
    StringMap<Text> of_family;
    std::unique_ptr<const Text> all;
  };
  std::array<Texts, catalog::kLanguageTags.size()> texts_;
  std::uint64_t made_ = 0;
};

}  // namespace gridloom::api

// What GET /api/v1/families and GET /api/v1/families/FAMILY answer: the same for everybody as long
// as the server runs, and large, so each text is made at its first request and kept.
//
// Belongs to a loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "api/message/tagged_text.h"
#include "base/string_map.h"
#include "catalog/family.h"

namespace gridloom::api {

class FamilyTexts {
 public:
  explicit FamilyTexts(std::shared_ptr<const catalog::Catalog> catalog);

  using Text = TaggedText;
  // Null: there is no such family. Valid as long as this object.
  [[nodiscard]] const Text* of(std::string_view family);
  [[nodiscard]] const Text& all();
  // How many texts were made.
  [[nodiscard]] std::uint64_t made() const { return made_; }

 private:
  [[nodiscard]] Text make(std::string json);

  std::shared_ptr<const catalog::Catalog> catalog_;
  StringMap<Text> of_family_;
  std::unique_ptr<const Text> all_;
  std::uint64_t made_ = 0;
};

}  // namespace gridloom::api

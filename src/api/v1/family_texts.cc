#include "api/v1/family_texts.h"

#include <utility>

#include "catalog/family_json.h"
#include "wire/json.h"

namespace gridloom::api {

FamilyTexts::FamilyTexts(std::shared_ptr<const catalog::Catalog> catalog)
    : catalog_(std::move(catalog)) {}

FamilyTexts::Text FamilyTexts::make(std::string json) {
  ++made_;
  return tagged(std::move(json));
}

const FamilyTexts::Text* FamilyTexts::of(std::string_view family) {
  if (const auto known = of_family_.find(family); known != of_family_.end()) {
    return &known->second;
  }
  const catalog::FamilyPtr found = catalog_->find(family);
  if (found == nullptr) return nullptr;
  return &of_family_.emplace(family, make(wire::to_text(catalog::json_of(*found)))).first->second;
}

const FamilyTexts::Text& FamilyTexts::all() {
  if (!all_) {
    wire::JsonArray rows;
    for (const catalog::FamilyPtr& family : catalog_->families()) {
      rows.emplace_back(catalog::summary_of(*family));
    }
    all_ = std::make_unique<const Text>(
        make(wire::to_text(wire::JsonObject{{"families", std::move(rows)}})));
  }
  return *all_;
}

}  // namespace gridloom::api

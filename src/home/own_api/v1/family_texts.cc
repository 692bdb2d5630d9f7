#include "own_api/v1/family_texts.h"

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

const FamilyTexts::Text* FamilyTexts::of(std::string_view family, catalog::Language language) {
  StringMap<Text>& texts = texts_.at(std::to_underlying(language)).of_family;
  if (const auto known = texts.find(family); known != texts.end()) return &known->second;
  const catalog::FamilyPtr found = catalog_->find(family, language);
  if (found == nullptr) return nullptr;
  return &texts.emplace(family, make(wire::to_text(catalog::json_of(*found, *catalog_))))
              .first->second;
}

const FamilyTexts::Text& FamilyTexts::all(catalog::Language language) {
  std::unique_ptr<const Text>& all = texts_.at(std::to_underlying(language)).all;
  if (!all) {
    wire::JsonArray rows;
    for (const catalog::FamilyPtr& family : catalog_->families()) {
      rows.emplace_back(catalog::summary_of(*catalog_->find(family->id, language), *catalog_));
    }
    all = std::make_unique<const Text>(make(wire::to_text(wire::JsonObject{
        {"families", std::move(rows)}, {"unserved", catalog::unserved_products(*catalog_)}})));
  }
  return *all;
}

}  // namespace gridloom::api

#include "api/v1/family_texts.h"

#include <fmt/format.h>

#include <utility>

#include "base/sha256.h"
#include "catalog/family_json.h"
#include "wire/json.h"

namespace gridloom::api {
namespace {

constexpr std::size_t kTagBytes = 16;

}  // namespace

FamilyTexts::FamilyTexts(std::shared_ptr<const catalog::Catalog> catalog)
    : catalog_(std::move(catalog)) {}

FamilyTexts::Text FamilyTexts::make(std::string json) {
  ++made_;
  std::string tag = fmt::format("\"{:.{}}\"", sha256_of(json), kTagBytes);
  return {.json = std::move(json), .tag = std::move(tag)};
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

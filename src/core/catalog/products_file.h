// Reads the file of the vendor's products (devices/products/products.yaml). Private to catalog.
#pragma once

#include <algorithm>
#include <array>
#include <ranges>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/family.h"
#include "catalog/keys.h"
#include "catalog/product.h"

namespace gridloom::catalog {

// The keys of the file of products. Private to catalog.
inline constexpr auto kUnservedNames = [] {
  std::array<std::string_view, kUnserved.size()> names;
  std::ranges::transform(kUnserved, names.begin(), [](Unserved reason) { return name_of(reason); });
  return names;
}();

inline constexpr auto kProductsKeys = std::to_array<Key>({
    {.name = "sources",
     .form = Form::kNames,
     .description = "Words for the sources of the products, and what they stand for",
     .required = true},
    {.name = "products",
     .form = Form::kEntries,
     .description = "Products by how their serial numbers begin; the longest match wins",
     .required = true,
     .section = SectionId::kProduct},
});

inline constexpr auto kProductKeys = std::to_array<Key>({
    {.name = "name", .description = "Name of the product", .required = true},
    {.name = "family", .description = "Id of the family that serves it"},
    {.name = "unserved",
     .form = Form::kChoice,
     .description = "Why no family serves it",
     .choices = kUnservedNames},
    {.name = "host",
     .description = "Id of the family whose devices report its values, with through_host"},
    {.name = "note", .description = "Its size, or what else tells it from others of the name"},
    {.name = "source",
     .description = "Where this is known from: words of `sources`, with a number or a place behind "
                    "them; several with commas",
     .required = true},
});

// The products of a file, in its order. kMalformed, with a line for each mistake as of device
// files: among others of a product whose family is none of `families`, or does not serve it by its
// prefixes.
[[nodiscard]] Result<std::vector<Product>> load_products(std::string_view file_name,
                                                         std::string_view text,
                                                         const std::vector<FamilyPtr>& families);

}  // namespace gridloom::catalog

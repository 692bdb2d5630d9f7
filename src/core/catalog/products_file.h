// Reads the file of the vendor's products (devices/products/products.yaml). Private to catalog.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/family.h"

namespace gridloom::catalog {

// The products of a file, in its order. kMalformed, with a line for each mistake as of device
// files: among others of a product whose family is none of `families`, or does not serve it by its
// prefixes.
[[nodiscard]] Result<std::vector<Product>> load_products(std::string_view file_name,
                                                         std::string_view text,
                                                         const std::vector<FamilyPtr>& families);

}  // namespace gridloom::catalog

// The table of the vendor's routes; their answers are in api_test.cc.
#include "api/vendor/vendor_api.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace gridloom::api {
namespace {

TEST(VendorRoutes, AreFoundByTheirWholePath) {
  for (const VendorApi::Route& route : VendorApi::routes()) {
    EXPECT_EQ(VendorApi::find(route.path), &route);
  }
  for (const std::string_view path :
       {"", "/", "/iot-open/sign/device", "/api/v1/me", "/iot-open/sign/device/list/"}) {
    EXPECT_EQ(VendorApi::find(path), nullptr) << path;
  }
}

TEST(VendorRoutes, HaveTheMethodsThatTheyName) {
  using http::Method;
  struct Row {
    Method method;
    std::string_view name;
  };
  const std::vector<Row> rows = {{Method::kGet, "GET"},       {Method::kHead, "HEAD"},
                                 {Method::kPost, "POST"},     {Method::kPut, "PUT"},
                                 {Method::kDelete, "DELETE"}, {Method::kOptions, "OPTIONS"},
                                 {Method::kOther, "OTHER"}};
  for (const VendorApi::Route& route : VendorApi::routes()) {
    for (const Row& row : rows) {
      EXPECT_EQ(route.handler_of(row.method) != nullptr, route.methods.contains(row.name))
          << route.path << ' ' << row.name;
    }
  }
}

}  // namespace
}  // namespace gridloom::api

#include "bridges/nut/ups.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "testing/catalog.h"
#include "testing/home.h"
#include "testing/must.h"

namespace gridloom::bridges::nut {
namespace {

// The family is named by another product of it.
TEST(Ups, ItsModelIsTheProductOfTheSerialNumber) {
  const auto catalog = shipped_catalog();
  const Ups ups = ups_of(BookDevice("BK12ZTEST0000001", "Balcony", *catalog), {});
  EXPECT_EQ(ups.variables.at("device.model"), "STREAM Pro");
  EXPECT_EQ(ups.variables.at("ups.model"), "STREAM Pro");
  EXPECT_EQ(ups.description, "Balcony (STREAM Pro)");
}

class Nobody final : public DeviceBook::Listener {
  void on_device(const BookDevice& /*device*/) override {}
  void on_removed(const std::string& /*sn*/) override {}
  void on_values(const BookDevice& /*device*/, std::span<const std::size_t> /*slots*/) override {}
  void on_state(const BookDevice& /*device*/) override {}
};

// Nobody knows the product of a device that no family serves and no list names.
TEST(Ups, HasNoModelOfAnUnknownProduct) {
  const auto catalog = shipped_catalog();
  const Ups ups = ups_of(BookDevice("XX99TEST00000001", "Cellar", *catalog), {});
  EXPECT_FALSE(ups.variables.contains("device.model"));
  EXPECT_EQ(ups.variables.at("device.serial"), "XX99TEST00000001");
  EXPECT_EQ(ups.description, "Cellar");
}

// A computer in the house switches itself off by them.
TEST(Ups, HasNoVariableOfWhatNoDeviceCanHave) {
  constexpr auto kSn = "R331ZEB4ZEAL0528";
  TestHome home;
  const registry::AccountId ann = home.add_account("ann");
  home.add_device(kSn, "ann");
  const FakePtr device = home.connect_device(kSn);
  Nobody nobody;
  DeviceBook book(*home.hub, home.client_loop, ann, nobody);
  const auto ups_with = [&](std::string_view soc, std::string_view watts) {
    home.report(device, kSn,
                fmt::format(R"({{"moduleType":1,"typeCode":"pdStatus",)"
                            R"("params":{{"soc":{},"wattsOutSum":{}}}}})",
                            soc, watts));
    home.settle();
    return ups_of(*book.find(kSn), {});
  };
  const Ups good = ups_with("55", "300");
  EXPECT_EQ(good.variables.at("battery.charge"), "55");
  EXPECT_EQ(good.variables.at("ups.realpower"), "300");
  for (const auto& [soc, watts] : {std::pair{"-5", "1e308"}, {"1e308", "-1e9"}, {"101", "1e999"}}) {
    const Ups ups = ups_with(soc, watts);
    for (const std::string_view name : {"battery.charge", "ups.realpower", "ups.load"}) {
      EXPECT_FALSE(ups.variables.contains(name)) << name << " of " << soc << ", " << watts;
    }
  }
}

}  // namespace
}  // namespace gridloom::bridges::nut

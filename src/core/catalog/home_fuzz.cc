// Fuzzes home files: load_home reports the mistakes of any text and never throws or crashes; the
// home that it makes keeps its promises.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string_view>
#include <vector>

#include "catalog/home.h"
#include "catalog/loader.h"
#include "catalog/test_family.h"

namespace {

using gridloom::catalog::Catalog;
using gridloom::catalog::FamilyPtr;
using gridloom::catalog::load_family;
using gridloom::catalog::load_home;
using gridloom::catalog::Plug;
using gridloom::catalog::Site;
using gridloom::catalog::SiteDevice;
using gridloom::catalog::VirtualHome;

void check(bool good) {
  if (!good) std::abort();
}

void check(const VirtualHome& home) {
  std::set<std::string_view> serial_numbers;
  std::set<std::string_view> names;
  for (const Site& site : home.sites) {
    std::uint32_t supplied = 0;
    int meters = 0;
    for (const SiteDevice& device : site.devices) {
      check(device.family != nullptr);
      check(serial_numbers.insert(device.sn).second);
      check(names.insert(device.name).second);
      check((supplied & device.supplies) == 0);
      supplied |= device.supplies;
      if (device.plug == Plug::kMeter) ++meters;
      check(!plug_name(device).empty());
    }
    check(meters == 0 || (meters == 1 && site.phases > 0));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMax = 16384;
  if (size > kMax) return 0;
  static const Catalog catalog(std::vector<FamilyPtr>{
      load_family("made_up.yaml", gridloom::catalog::kMadeUpFamily).value()});
  const auto* text = reinterpret_cast<const char*>(data);
  const auto home = load_home("x.yaml", std::string_view(text, size), catalog);
  if (home) {
    check(*home);
  } else {
    check(!home.error().detail.empty());  // an error must have a description
  }
  return 0;
}

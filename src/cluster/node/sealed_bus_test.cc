#include "node/sealed_bus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ownership/test_bus.h"
#include "testing/clock.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::node {
namespace {

using cluster::TestBus;
using testing::ElementsAre;
using testing::IsEmpty;

class SealedBusTest : public testing::Test {
 protected:
  [[nodiscard]] registry::Sealer sealer(std::string_view file = "secret.key") const {
    return must(
        registry::Sealer::with_key_file(folder_.path() / file, registry::MissingKey::kMake));
  }

  TemporaryFolder folder_;
  TestClock clock_;
  TestBus bus_{clock_, TestBus::Delivery::kAtOnce};
  TestBus::Member of_pi_{bus_};
  TestBus::Member of_nas_{bus_};
  TestBus::Member of_stranger_{bus_};
  SealedBus pi_{of_pi_};
  SealedBus nas_{of_nas_};
};

TEST_F(SealedBusTest, CarriesWhatNodesOfOneKeyTellEachOtherAndShowsNobodyElse) {
  std::vector<std::string> told;
  std::vector<std::string> overheard;
  const auto there =
      must(nas_.subscribe("gl.node.*", [&](std::string_view subject, std::string_view bytes) {
        told.push_back(std::string(subject) + "=" + std::string(bytes));
      }));
  const auto ear =
      must(of_stranger_.subscribe("gl.node.*", [&](std::string_view, std::string_view bytes) {
        overheard.emplace_back(bytes);
      }));
  EXPECT_FALSE(pi_.publish("gl.node.nas", "too early"));
  pi_.use(sealer());
  must(pi_.publish("gl.node.nas", "password"));
  EXPECT_THAT(told, IsEmpty()) << "it has no key yet";
  nas_.use(sealer());
  must(pi_.publish("gl.node.nas", "password"));
  EXPECT_THAT(told, ElementsAre("gl.node.nas=password"));
  ASSERT_EQ(overheard.size(), 2U);
  EXPECT_FALSE(overheard.back().contains("password"));
  EXPECT_NE(overheard.front(), overheard.back());

  told.clear();
  const std::string sealed = overheard.back();
  must(of_stranger_.publish("gl.node.nas", "forged"));
  must(of_stranger_.publish("gl.node.other", sealed));
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    std::string changed = sealed;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    must(of_stranger_.publish("gl.node.nas", changed));
  }
  pi_.use(sealer("another.key"));
  must(pi_.publish("gl.node.nas", "password"));
  EXPECT_THAT(told, IsEmpty());
}

}  // namespace
}  // namespace gridloom::node

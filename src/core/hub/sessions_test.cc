// Sign-in, and the end of a session whose credentials changed. Which client owns a client id is
// decided by the MQTT server (mqtt/session_table.h).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "testing/home.h"

namespace gridloom::hub {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Sessions : public testing::Test {
 protected:
  Sessions() {
    home.add_account("alice");
    home.add_account("bob");
    home.add_device(kDelta2Sn, "alice");
  }
  void pass_a_second() { home.pass(Millis(1000)); }

  TestHome home;
};

TEST_F(Sessions, AccountsDevicesAndGatewaysSignInWithTheirOwnSecretOnly) {
  const registry::Account alice = home.account("alice");
  const registry::Account bob = home.account("bob");
  const registry::Device device = home.device(kDelta2Sn);
  struct Row {
    std::string user;
    Secret password;
    std::optional<Role> role;
  };
  const std::vector<Row> rows = {
      {alice.certificate_account, alice.certificate_password, Role::kAccount},
      {"gateway:alice", alice.gateway_key, Role::kGateway},
      {std::string(kDelta2Sn), device.key, Role::kDevice},
      {alice.certificate_account, bob.certificate_password, {}},
      {alice.certificate_account, alice.gateway_key, {}},
      {alice.certificate_account, Secret(""), {}},
      {"gateway:alice", alice.certificate_password, {}},
      {"gateway:bob", alice.gateway_key, {}},
      {"gateway:nobody", alice.gateway_key, {}},
      {"gateway:", alice.gateway_key, {}},
      {"alice", alice.certificate_password, {}},
      {std::string(kDelta2Sn), alice.gateway_key, {}},
      {std::string(kDelta2Sn), Secret(""), {}},
      {"", Secret(""), {}},
      {"NOSUCH1", device.key, {}},
  };
  for (const Row& row : rows) {
    const auto identity = home.hub->access().sign_in(row.user, row.password);
    ASSERT_EQ(identity.has_value(), row.role.has_value()) << row.user;
    if (identity) {
      EXPECT_EQ(identity->role, *row.role);
      EXPECT_EQ(identity->account, alice.id);
    } else {
      EXPECT_EQ(identity.error().code, ErrorCode::kUnknownKey);
      EXPECT_EQ(identity.error().detail, "the user name or the password is wrong") << row.user;
    }
  }
}

TEST_F(Sessions, ADeviceThatTakesItselfOverStaysOnline) {
  const FakePtr first = home.connect_device(kDelta2Sn);
  const FakePtr app = home.subscriber("alice");
  const FakePtr second = home.connect_device(kDelta2Sn);
  home.leave(first);
  EXPECT_TRUE(home.platform.presence.online(kDelta2Sn));
  EXPECT_THAT(app->take(), IsEmpty());
}

TEST_F(Sessions, ANewCertificatePasswordEndsTheSessionsOfTheOldOne) {
  const FakePtr app = home.connect_app("alice");
  const FakePtr gateway = home.connect_gateway("alice");
  const FakePtr bob = home.connect_app("bob");
  const FakePtr device = home.connect_device(kDelta2Sn);
  static_cast<void>(must(home.registry->rotate_certificate("alice")));
  home.settle();
  pass_a_second();
  EXPECT_THAT(app->kicked, ElementsAre(KickReason::kNotAuthorized));
  EXPECT_THAT(gateway->kicked, IsEmpty());
  EXPECT_THAT(bob->kicked, IsEmpty());
  EXPECT_THAT(device->kicked, IsEmpty());
  const FakePtr again = home.connect_app("alice", "another");
  pass_a_second();
  EXPECT_THAT(again->kicked, IsEmpty());
}

TEST_F(Sessions, ARemovedDeviceIsShownOut) {
  const FakePtr device = home.connect_device(kDelta2Sn);
  must(home.registry->remove_device(kDelta2Sn));
  home.settle();
  pass_a_second();
  EXPECT_THAT(device->kicked, ElementsAre(KickReason::kNotAuthorized));
  EXPECT_FALSE(home.report(device, kDelta2Sn, "{}") &&
               device->acks.back().reason == wire::mqtt::Reason::kSuccess);
  home.leave(device);
  EXPECT_FALSE(home.platform.presence.online(kDelta2Sn));
}

TEST_F(Sessions, ARemovedAccountIsShownOut) {
  const FakePtr bob = home.connect_app("bob");
  const FakePtr gateway = home.connect_gateway("bob");
  must(home.registry->remove_account("bob"));
  home.settle();
  pass_a_second();
  EXPECT_THAT(bob->kicked, ElementsAre(KickReason::kNotAuthorized));
  EXPECT_THAT(gateway->kicked, ElementsAre(KickReason::kNotAuthorized));
}

TEST_F(Sessions, ASessionOfASignInBeforeARotationDoesNotOutliveIt) {
  // The password was checked, then rotated, and only then was the shard told of the connection.
  const registry::Account alice = home.account("alice");
  auto client = std::make_shared<FakeClient>(
      home.client_loop,
      must(home.hub->access().sign_in(alice.certificate_account, alice.certificate_password)),
      "phone");
  static_cast<void>(must(home.registry->rotate_certificate("alice")));
  home.settle();
  pass_a_second();
  home.hub->connected(client);
  home.settle();
  pass_a_second();
  EXPECT_THAT(client->kicked, ElementsAre(KickReason::kNotAuthorized));
}

TEST_F(Sessions, ADeviceMaySignInBeforeItsShardIsToldOfIt) {
  home.registry->end_listening();
  home.add_device("R331NEW", "alice");
  const FakePtr device = home.connect_device("R331NEW");
  EXPECT_THAT(device->kicked, IsEmpty());
  EXPECT_TRUE(home.platform.presence.online("R331NEW"));
}

// For second-hand devices: the new owner must not see the data of the former one.
TEST_F(Sessions, ARemovedDeviceThatIsAddedAgainStartsEmpty) {
  const FakePtr device = home.connect_device(kDelta2Sn);
  home.report(device, kDelta2Sn, R"({"moduleType":1,"typeCode":"pdStatus","params":{"soc":5}})");
  must(home.registry->remove_device(kDelta2Sn));
  home.settle();
  pass_a_second();
  home.leave(device);
  pass_a_second();
  home.add_device(kDelta2Sn, "bob");
  EXPECT_EQ(home.read_all(home.account("bob").id, kDelta2Sn), "{}");
  EXPECT_FALSE(home.platform.presence.online(kDelta2Sn));
}

TEST_F(Sessions, ADeviceAddedAgainAtOnceStartsEmptyToo) {
  const FakePtr device = home.connect_device(kDelta2Sn);
  home.report(device, kDelta2Sn, R"({"moduleType":1,"typeCode":"pdStatus","params":{"soc":5}})");
  home.leave(device);
  must(home.registry->remove_device(kDelta2Sn));
  home.add_device(kDelta2Sn, "bob");
  pass_a_second();
  EXPECT_EQ(home.read_all(home.account("bob").id, kDelta2Sn), "{}");
}

// The gateway still speaks for its other devices; one that left its account is offline.
TEST_F(Sessions, ADeviceMovedAwayFromItsGatewayIsNoLongerOnline) {
  const FakePtr gateway = home.connect_gateway("alice");
  home.report(gateway, kDelta2Sn, "{}");
  ASSERT_TRUE(home.platform.presence.online(kDelta2Sn));
  must(home.registry->move_device({.sn = kDelta2Sn, .owner = "bob"}));
  home.settle();
  pass_a_second();
  EXPECT_FALSE(home.platform.presence.online(kDelta2Sn));
}

TEST_F(Sessions, StrictWildcardsAreDeniedAndExactTopicsStillGranted) {
  TestHome strict(2, {.wildcards = Wildcards::kDenied});
  strict.add_account("alice");
  const FakePtr app = strict.connect_app("alice");
  EXPECT_FALSE(strict.subscribe(app, {.filter = strict.open("alice", "#")}));
  EXPECT_TRUE(strict.subscribe(app, {.filter = strict.open("alice", "SN1/quota")}));
}

}  // namespace
}  // namespace gridloom::hub

// The rights matrix: every endpoint, topic and kind of filter, as listed in the interfaces' own
// tables, for every actor, on a server that keeps running while rights are taken away and on one
// that is stopped meanwhile. matrix.txt has the expectations; a case without a row there fails.
//
// RIGHTS_WRITE=1 rewrites matrix.txt: review every changed cell.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "rights/world.h"
#include "testing/source_path.h"
#include "wire/test_topics.h"

namespace gridloom::rights {
namespace {

using Rows = std::vector<std::vector<std::string>>;

std::vector<std::string> topics() {
  std::vector<std::string> all;
  for (const std::string_view space :
       {"/open/{self}/{sn}/", "/open/{owner}/{sn}/", "/device/{sn}/"}) {
    for (const wire::Verb verb : wire::kAllVerbs) {
      all.push_back(fmt::format("{}{}", space, name_of(verb)));
    }
  }
  return all;
}

std::vector<std::string> filters() {
  std::vector<std::string> all = topics();
  for (const char* filter :
       {"/open/{self}/#", "/open/{self}/+/+", "/open/{self}/{sn}/#", "/open/{owner}/#",
        "/open/{owner}/+/quota", "/open/+/{sn}/quota", "/open/#", "/device/{sn}/#", "/device/+/+",
        "/device/#", "#", "+/#", "$share/g//open/{self}/#", "$share/g//open/{owner}/#",
        "$share/g//device/{sn}/#", "$share/g//device/#", "$share/g/#", "$SYS/#"}) {
    all.emplace_back(filter);
  }
  return all;
}

std::string table(std::string_view title, const Rows& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text = fmt::format("\n{}\n", title);
  for (const auto& row : rows) {
    std::string line = "|";
    for (std::size_t i = 0; i < row.size(); ++i)
      line += fmt::format(" {:<{}} |", row[i], widths[i]);
    text += line + '\n';
  }
  return text;
}

template <typename Column>
std::vector<std::string> head(std::string_view corner, const std::vector<Column>& columns) {
  std::vector<std::string> names{std::string(corner)};
  for (const Column& column : columns) names.push_back(column.name);
  return names;
}

std::vector<std::string> endpoints() {
  std::vector<std::string> all = api::Api::endpoints();
  std::ranges::move(api::OwnRoutes::endpoints(), std::back_inserter(all));
  return all;
}

std::string matrix(When when) {
  World world(when);
  const auto& actors = world.actors();
  Rows kept{head("session", actors), {"what waits for it"}, {"its will"}};
  for (const Actor& actor : actors) {
    kept[1].push_back(world.queued(actor));
    kept[2].push_back(world.will(actor));
  }
  Rows asked{head("request", world.signers())};
  for (const std::string& endpoint : endpoints()) {
    asked.push_back({endpoint});
    for (const Signer& signer : world.signers())
      asked.back().push_back(world.ask(endpoint, signer));
  }
  const auto of_topics = [&](std::string_view corner, const std::vector<std::string>& rows,
                             const auto& probe) {
    Rows made{head(corner, actors)};
    for (const std::string& row : rows) {
      made.push_back({row});
      for (const Actor& actor : actors) {
        const auto topic = world.filled(row, actor);
        made.back().push_back(topic ? probe(actor, *topic) : "");
      }
    }
    return made;
  };
  const Rows published = of_topics("topic", topics(), [&](const Actor& actor, const auto& topic) {
    return world.publish(actor, topic);
  });
  const Rows subscribed = of_topics(
      "filter", filters(),
      [&](const Actor& actor, const auto& filter) { return world.subscribe(actor, filter); });
  return table("HTTP", asked) + table("PUBLISH", published) + table("SUBSCRIBE", subscribed) +
         table("SESSIONS THAT WAITED", kept);
}

// The text of the file before its first table.
constexpr std::string_view kWords =
    R"(Who may do what. rights_test asks everything of this list, on a server that is running while rights are
taken away and on one that is stopped meanwhile, and both must answer as it says.

The device is HEATER-01. It belongs to `owner` and is shared in full with `full`, for monitoring with `monitor`, and
was shared in full with `ended`. `rotated` has a new MQTT password and gateway key and asks with the old ones; the
account `removed` is gone. `rotated device` and `moved device` ask with the key that they had before. The scope of a
token is control, unless its name says another; the admin's belongs to no account. {self} is the certificate account of
who asks, {owner} that of the owner.

A `page` is a browser with the cookie of a session: `old page` and `ended page` were signed in before. The others
without an account's name have the owner's cookie: `forged page` was made to ask by another site, `null page` by one
without an origin, `other port's page` by another program of this host; `silent page` says nothing of where it comes
from, `cross-site page`, `same-site page` and `same-origin page` by Sec-Fetch-Site alone; `proxied page` came over TLS
to a proxy, `rebound page` by a name that is not this server's; and one has a token beside the cookie.

HTTP        ok: data, or it was done; empty: none of the account's, of a stream: not this device, of a session: nobody's; sent: the set reached the device; open: needs no signature; a
            number: the platform's code (1006 the device keeps nothing of that kind, 8512 no permission, 8513 unknown
            key, 8521 wrong signature) or an HTTP status (401 no token, an unknown or an expired one; 403 no permission, or
            the token's scope is too small; 400 and 404: the caller may ask, and asked for what is not valid or is not
            there: this server is not administered over HTTP)
PUBLISH     done: the other side saw it; -: taken, but nobody saw it; refused; shut: not let in
SUBSCRIBE   live: gets what the device sends or is told from now on; kept: gets what the device retained; -: granted,
            but nothing comes; refused; shut
SESSIONS    of the time before: they come back with today's password or key. queued: gets what waited; -: nothing
            waited; new: the session had ended; shut. done: its delayed will, a set or a report, was carried out
)";

TEST(Rights, AreAsTheMatrixSays) {
  const std::string running = std::string(kWords) + matrix(When::kRunning);
  if (std::getenv("RIGHTS_WRITE") != nullptr)
    std::ofstream(source_path("tests/rights/matrix.txt")) << running;
  std::ifstream file(source_path("tests/rights/matrix.txt"));
  const std::string expected{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(running, expected);
  EXPECT_EQ(std::string(kWords) + matrix(When::kStopped), expected);
}

TEST(Rights, EveryRoleAndEveryEndpointIsAsked) {
  World world(When::kRunning);
  for (const hub::Role role : hub::kRoles) {
    EXPECT_TRUE(std::ranges::any_of(world.actors(), [role](const Actor& actor) {
      return actor.role == role && !actor.user.empty();
    }));
  }
  const Signer& owner = world.signers().front();
  for (const std::string& endpoint : endpoints()) {
    EXPECT_NE(world.ask(endpoint, owner), "no request") << endpoint;
  }
}

}  // namespace
}  // namespace gridloom::rights

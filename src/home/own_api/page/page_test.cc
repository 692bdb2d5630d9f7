#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "api/message/headers.h"
#include "http/head.h"
#include "own_api/page/page.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::api {
namespace {

using testing::HasSubstr;

std::string header_of(const http::Response& response, std::string_view name) {
  const auto found =
      std::ranges::find(response.headers, name, &std::pair<std::string_view, std::string>::first);
  return found == response.headers.end() ? std::string() : found->second;
}

class PageTest : public testing::Test {
 protected:
  PageTest() {
    write("index.html", "<p>page");
    write("icon.svg", "<svg/>");
    write("assets/main.1234.js", "main");
    write(".hidden", "hidden");
  }
  void write(const std::string& name, std::string_view text) {
    const std::filesystem::path file = folder_.path() / "dist" / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  [[nodiscard]] Page page() const {
    return Page({.files = must(PageFiles::in_folder(folder_.path() / "dist")),
                 .public_host = "home.example"});
  }
  static http::Request request(std::string_view path, std::string_view accept = "*/*") {
    http::Request made;
    made.path = path;
    made.host = "localhost";
    made.headers[header::kAccept] = accept;
    return made;
  }

  TemporaryFolder folder_;
};

constexpr std::string_view kNavigation = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8";

TEST_F(PageTest, AnswersWithFilesAndItsOwnAddresses) {
  struct Case {
    std::string path;
    std::string_view accept;
    std::string body;  // empty: the page does not answer
    std::string_view type;
  };
  for (const Case& each : std::vector<Case>{
           {"/", "*/*", "<p>page", "text/html; charset=utf-8"},
           {"/index.html", "*/*", "<p>page", "text/html; charset=utf-8"},
           {"/icon.svg", "*/*", "<svg/>", "image/svg+xml"},
           {"/assets/main.1234.js", "*/*", "main", "text/javascript; charset=utf-8"},
           {"/d/R331", kNavigation, "<p>page", "text/html; charset=utf-8"},
           {"/sign-in", "*/*", "<p>page", "text/html; charset=utf-8"},
           {"/d/R331", "*/*", "", ""},
           {"/../dist/index.html", "*/*", "", ""},
           {"/.hidden", "*/*", "", ""},
           {"/assets", "*/*", "", ""},
       }) {
    const http::Request asked = request(each.path, each.accept);
    EXPECT_EQ(page().answers(asked), !each.body.empty()) << each.path;
    if (each.body.empty()) continue;
    const http::Response answer = page().answer(asked);
    EXPECT_EQ(answer.status, 200U) << each.path;
    EXPECT_EQ(whole_body(answer), each.body) << each.path;
    EXPECT_EQ(answer.content_type, each.type) << each.path;
  }
}

TEST_F(PageTest, EveryAnswerIsProtected) {
  http::Request post = request("/");
  post.method = http::Method::kPost;
  http::Request foreign = request("/");
  foreign.host = "evil.example";
  const std::vector<std::pair<http::Request, unsigned>> cases = {
      {request("/"), 200U},
      {request("/assets/main.old.js", kNavigation), 404U},
      {post, 405U},
      {foreign, 421U}};
  for (const auto& [asked, status] : cases) {
    const http::Response answer = page().answer(asked);
    EXPECT_EQ(answer.status, status);
    EXPECT_THAT(header_of(answer, "Content-Security-Policy"),
                HasSubstr("default-src 'none'; script-src 'self';"));
    EXPECT_EQ(header_of(answer, "X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(header_of(answer, "Referrer-Policy"), "no-referrer");
  }
}

TEST_F(PageTest, OnlyCardsMayBeInAFrameAndOnlyOfThePagesThatMay) {
  const auto allowed_by = [&](const std::vector<std::string>& origins, std::string_view path,
                              std::string_view query) {
    const Page page({.files = must(PageFiles::in_folder(folder_.path() / "dist")),
                     .public_host = {},
                     .frame_origins = origins});
    http::Request asked = request(path, kNavigation);
    asked.query = query;
    const http::Response answer = page.answer(asked);
    const std::string policy = header_of(answer, "Content-Security-Policy");
    EXPECT_THAT(policy, HasSubstr("default-src 'none'; script-src 'self';"));
    const std::string ancestors = policy.substr(policy.find("frame-ancestors "));
    const bool is_isolated = header_of(answer, "Cross-Origin-Opener-Policy") == "same-origin" &&
                             header_of(answer, "Cross-Origin-Resource-Policy") == "same-origin";
    EXPECT_EQ(is_isolated, ancestors == "frame-ancestors 'none'") << path << '?' << query;
    return ancestors;
  };
  const std::vector<std::string> two = {"https://a.example", "http://[::1]:8123"};
  constexpr std::string_view kNone = "frame-ancestors 'none'";
  constexpr std::string_view kBoth = "frame-ancestors https://a.example http://[::1]:8123";
  EXPECT_EQ(allowed_by({}, "/", "embed"), kNone);
  EXPECT_EQ(allowed_by(two, "/", "embed"), kBoth);
  EXPECT_EQ(allowed_by(two, "/d/R331", "theme=dark&embed=1"), kBoth);
  for (const std::string_view query : {"", "tab=control", "embedded", "x=embed", "q=a%26embed"}) {
    EXPECT_EQ(allowed_by(two, "/d/R331", query), kNone) << query;
  }
}

TEST(Origin, IsASchemeAHostAndPerhapsAPort) {
  for (const std::string_view good :
       {"https://home.example", "http://192.168.1.5:8123", "http://[fd00::1]:80", "http://[::1]"}) {
    EXPECT_EQ(must(parse_origin(good)), good);
  }
  for (const std::string_view bad :
       {"", "*", "home.example", "https://", "https://*", "https://*.example", "https://a/",
        "https://a b", "https://a;script-src", "https://a,https://b", "ftp://a",
        "https://a:", "https://a:123456", "https://a:http", "http://[::1", "http://[]",
        "https://A.example", "'self'", "http://[::1]x"}) {
    const auto refused = parse_origin(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_THAT(refused.error().detail, HasSubstr("is no origin: must be as https://"));
  }
}

TEST_F(PageTest, BrowsersKeepWhatCannotChangeAndAskForTheRest) {
  const http::Response asset = page().answer(request("/assets/main.1234.js"));
  EXPECT_EQ(header_of(asset, "Cache-Control"), "public, max-age=31536000, immutable");
  const http::Response index = page().answer(request("/"));
  EXPECT_EQ(header_of(index, "Cache-Control"), "no-cache");
  http::Request again = request("/");
  again.headers[header::kIfNoneMatch] = header_of(index, "ETag");
  const http::Response same = page().answer(again);
  EXPECT_EQ(same.status, 304U);
  EXPECT_EQ(whole_body(same), "");
  EXPECT_EQ(header_of(same, "ETag"), header_of(index, "ETag"));
  write("index.html", "<p>another");
  EXPECT_EQ(whole_body(page().answer(again)), "<p>another");
}

TEST_F(PageTest, AnswersShareAFileUntilItChanges) {
  const Page page = this->page();
  const auto bytes = [&](const http::Response& answer) -> const void* {
    return answer.data.data();
  };
  const http::Response first = page.answer(request("/icon.svg"));
  EXPECT_EQ(first.data, "<svg/>");
  EXPECT_EQ(bytes(page.answer(request("/icon.svg"))), bytes(first));
  write("icon.svg", "<svg></svg>");
  EXPECT_EQ(page.answer(request("/icon.svg")).data, "<svg></svg>");
  EXPECT_EQ(first.data, "<svg/>") << "an answer on its way stays whole";
}

TEST_F(PageTest, AFileIsCompressedForThoseWhoTakeItWhereThatSavesBytes) {
  const std::string script(4000, 'a');
  write("assets/long.1234.js", script);
  http::Request asked = request("/assets/long.1234.js");
  EXPECT_EQ(page().answer(asked).data, script);
  EXPECT_EQ(header_of(page().answer(asked), "Content-Encoding"), "");
  asked.headers[header::kAcceptEncoding] = "gzip, br";
  const http::Response packed = page().answer(asked);
  EXPECT_EQ(header_of(packed, "Content-Encoding"), "gzip");
  EXPECT_LT(packed.data.size(), script.size() / 10);
  http::Request small = request("/assets/main.1234.js");
  small.headers[header::kAcceptEncoding] = "gzip, br";
  EXPECT_EQ(header_of(page().answer(small), "Content-Encoding"), "");
}

TEST_F(PageTest, ALinkThatLeadsOutOfTheFolderIsNotFollowed) {
  write("../outside.txt", "outside");
  const std::filesystem::path dist = folder_.path() / "dist";
  std::filesystem::create_symlink(folder_.path() / "outside.txt", dist / "link.txt");
  std::filesystem::create_directory_symlink(folder_.path(), dist / "up");
  std::filesystem::create_symlink("icon.svg", dist / "inside.svg");
  std::filesystem::create_directory_symlink(dist, folder_.path() / "dist-link");
  const PageFiles files = must(PageFiles::in_folder(folder_.path() / "dist-link"));
  EXPECT_FALSE(files.find("/link.txt"));
  EXPECT_FALSE(files.find("/up/outside.txt"));
  ASSERT_TRUE(files.find("/inside.svg"));
  EXPECT_EQ(files.find("/inside.svg")->bytes, "<svg/>");
}

TEST_F(PageTest, AFolderWithoutAPageIsRefused) {
  const auto refused = PageFiles::in_folder(folder_.path());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().detail, HasSubstr("has no index.html"));
}

TEST(ListHeader, UnderstandsWeightsTagsAndBlanks) {
  EXPECT_TRUE(http::accepts("gzip, deflate, br", "gzip"));
  EXPECT_TRUE(http::accepts("br;q=1.0, GZIP ;q=0.5", "gzip"));
  EXPECT_TRUE(http::accepts("*", "gzip"));
  EXPECT_FALSE(http::accepts("gzip;q=0", "gzip"));
  EXPECT_FALSE(http::accepts("*;q=0", "gzip"));
  EXPECT_FALSE(http::accepts("*, gzip;q=0.000", "gzip"));
  EXPECT_FALSE(http::accepts("", "gzip"));
  EXPECT_FALSE(http::accepts("gzipped", "gzip"));
  EXPECT_TRUE(http::names_tag(R"("a", W/"b")", R"("b")"));
  EXPECT_TRUE(http::names_tag(R"("a", "b")", R"(W/"b")"));
  EXPECT_TRUE(http::names_tag("*", R"("b")"));
  EXPECT_FALSE(http::names_tag(R"("ab")", R"("b")"));
  EXPECT_TRUE(http::lists_token("keep-alive, Upgrade", "upgrade"));
}

}  // namespace

}  // namespace gridloom::api

// SPDX-License-Identifier: MIT
#include "policy/yaml_tree.hpp"

#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>

namespace tollgate::policy {
namespace {

using Kind = YamlEvent::Kind;
using testing::HasSubstr;

YamlEvent event(Kind kind) {
    return {kind, {1, 1}, false, kind == Kind::scalar ? "?" : "", kind == Kind::scalar ? "a" : ""};
}

/// What becomes of events that come in this order: the problems, or "tree".
std::string built(const std::vector<Kind>& kinds) {
    std::vector<Problem> problems;
    YamlTreeBuilder builder(problems);
    for (const Kind kind : kinds) {
        if (!builder.take(event(kind))) {
            break;
        }
    }
    const auto tree = builder.finish();
    EXPECT_TRUE(tree || has_errors(problems));
    return has_errors(problems) ? format_problems("f", problems) : "tree";
}

TEST(YamlTree, IsBuiltOfWhatAParserTells) {
    EXPECT_EQ(built({Kind::scalar, Kind::document_end}), "tree");
    EXPECT_EQ(built({Kind::map_begin, Kind::scalar, Kind::null, Kind::map_end, Kind::document_end}),
              "tree");
    EXPECT_EQ(
        built(
            {Kind::list_begin, Kind::map_begin, Kind::map_end, Kind::list_end, Kind::document_end}),
        "tree");
}

TEST(YamlTree, IsNotBuiltOfWhatNoParserTells) {
    const std::vector<std::vector<Kind>> nonsense{
        {Kind::list_end},
        {Kind::map_end},
        {Kind::document_end},
        {Kind::scalar},
        {Kind::scalar, Kind::scalar},
        {Kind::scalar, Kind::list_begin},
        {Kind::list_begin, Kind::map_end},
        {Kind::map_begin, Kind::list_end},
        {Kind::map_begin, Kind::scalar, Kind::map_end},
        {Kind::list_begin, Kind::document_end},
        {Kind::list_begin, Kind::list_end, Kind::list_end},
    };
    for (const auto& kinds : nonsense) {
        EXPECT_THAT(built(kinds), HasSubstr("the parser's events make no document"));
    }
    EXPECT_THAT(built({}), HasSubstr("the file is empty"));
}

TEST(YamlTree, EndsAtASecondDocument) {
    EXPECT_THAT(built({Kind::scalar, Kind::document_end, Kind::scalar}),
                HasSubstr("a second document begins here"));
    EXPECT_THAT(built({Kind::scalar, Kind::document_end, Kind::document_end}),
                HasSubstr("a second document begins here"));
}

TEST(YamlTree, OfEventsInAnyOrderIsATreeOrAProblem) {
    std::mt19937 random{42};  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same each time
    for (int run = 0; run < 20000; ++run) {
        std::vector<Kind> kinds(random() % 40);
        for (Kind& kind : kinds) {
            kind = static_cast<Kind>(random() % (static_cast<unsigned>(YamlEvent::kLastKind) + 1));
        }
        EXPECT_NE(built(kinds), "");
    }
}

}  // namespace
}  // namespace tollgate::policy

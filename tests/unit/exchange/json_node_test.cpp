// SPDX-License-Identifier: MIT
#include "agent/exchange/json_node.hpp"

#include <string>

#include <gmock/gmock.h>

namespace tollgate::exchange {
namespace {

using ::testing::HasSubstr;

std::string place(const policy::Mark& mark) {
    return std::to_string(mark.line) + ":" + std::to_string(mark.column);
}

std::string refusal(const std::string& text) {
    const auto root = parse_json(text);
    return root ? "accepted" : place(root.error().mark) + " " + root.error().message;
}

TEST(JsonNode, EveryValueKnowsWhereItStands) {
    const auto root = parse_json("{\"a\": [1,22 , {\"b\":\n  \"x\\\"y\"}],\n \"c\":true}");
    ASSERT_TRUE(root);
    const JsonNode& list = *root->find("a");
    EXPECT_EQ(place(list.mark), "1:7");
    EXPECT_EQ(place(list.items.at(1).mark), "1:10");
    EXPECT_EQ(list.items.at(1).integer, 22);
    EXPECT_EQ(place(list.items.at(2).mark), "1:15");
    EXPECT_EQ(place(list.items.at(2).find("b")->mark), "2:3");
    EXPECT_EQ(list.items.at(2).find("b")->text, "x\"y");
    EXPECT_EQ(place(root->find("c")->mark), "3:6");
    EXPECT_TRUE(root->find("c")->truth);
    EXPECT_EQ(root->find("d"), nullptr);
}

TEST(JsonNode, NumbersThatAreNoWholeOnesOrTooLargeAreReal) {
    const auto root = parse_json("[1.5, 1e3, 9223372036854775807, 9223372036854775808, -1]");
    ASSERT_TRUE(root);
    EXPECT_EQ(root->items.at(0).kind, JsonNode::Kind::real);
    EXPECT_EQ(root->items.at(1).kind, JsonNode::Kind::real);
    EXPECT_EQ(root->items.at(2).kind, JsonNode::Kind::integer);
    EXPECT_EQ(root->items.at(3).kind, JsonNode::Kind::real);
    EXPECT_EQ(root->items.at(4).integer, -1);
}

TEST(JsonNode, ErrorsNameTheirPlace) {
    EXPECT_EQ(refusal("{\n  \"a\": 1,\n  x}"), "3:3 this is not JSON: 'x}'");
    EXPECT_EQ(refusal("{\"a\": 1, \"a\": 2}"), "1:10 the key 'a' is here twice");
    EXPECT_THAT(refusal("{\"a\": [1"), HasSubstr("ends too early"));
    EXPECT_THAT(refusal(""), HasSubstr("ends too early"));
    EXPECT_THAT(refusal("[1] 2"), HasSubstr("not JSON"));
    EXPECT_THAT(refusal("[\"\xff\"]"), HasSubstr("not JSON"));
}

TEST(JsonNode, EveryTruncationIsRefused) {
    const std::string text = R"({"a": [1, true, null, "b"], "c": {"d": -2.5}})";
    ASSERT_EQ(refusal(text), "accepted");
    for (std::size_t size = 0; size < text.size(); ++size) {
        EXPECT_NE(refusal(text.substr(0, size)), "accepted") << size;
    }
}

TEST(JsonNode, ItsLimitsAreExact) {
    const auto nested = [](std::size_t levels) {
        return std::string(levels, '[') + std::string(levels, ']');
    };
    EXPECT_EQ(refusal(nested(kJsonDepthMax)), "accepted");
    EXPECT_THAT(refusal(nested(kJsonDepthMax + 1)), HasSubstr("more than 32 levels"));
    EXPECT_THAT(refusal(std::string(kJsonBytesMax + 1, ' ')), HasSubstr("bytes"));
    const auto values = [](std::size_t count) {
        std::string text = "[0";
        for (std::size_t i = 2; i < count; ++i) {
            text += ",0";
        }
        return text + "]";
    };
    EXPECT_EQ(refusal(values(kJsonNodesMax)), "accepted");
    EXPECT_THAT(refusal(values(kJsonNodesMax + 1)), HasSubstr("values"));
    std::string wide = "{";
    for (std::size_t i = 0; i <= kJsonMembersMax; ++i) {
        wide += "\"" + std::to_string(i) + "\":0,";
    }
    EXPECT_THAT(refusal(wide + "\"x\":0}"), HasSubstr("more than 1000 keys"));
}

}  // namespace
}  // namespace tollgate::exchange

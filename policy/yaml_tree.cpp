// SPDX-License-Identifier: MIT
#include "policy/yaml_tree.hpp"

#include <utility>

namespace tollgate::policy {
namespace {

constexpr auto kNoTree = "the parser's events make no document";

}  // namespace

bool YamlTreeBuilder::take(const YamlEvent& event) {
    if (has_ended_) {
        error(event.kind == YamlEvent::Kind::document_end ? Mark{1, 1} : event.mark,
              "a second document begins here",
              "put it into a file of its own");
        return false;
    }
    switch (event.kind) {
        case YamlEvent::Kind::null:
            return add(event, YamlNode::Kind::null);
        case YamlEvent::Kind::alias:
            error(event.mark, "aliases (*name) are not allowed", "write the value again");
            return add(event, YamlNode::Kind::null);
        case YamlEvent::Kind::scalar:
            return add(event, YamlNode::Kind::scalar);
        case YamlEvent::Kind::list_begin:
            return open(event, YamlNode::Kind::list);
        case YamlEvent::Kind::map_begin:
            return open(event, YamlNode::Kind::map);
        case YamlEvent::Kind::list_end:
            return close(YamlNode::Kind::list);
        case YamlEvent::Kind::map_end:
            return close(YamlNode::Kind::map);
        case YamlEvent::Kind::document_end:
            return end_document();
    }
    return stop({1, 1}, kNoTree);
}

std::optional<YamlNode> YamlTreeBuilder::finish() {
    if (!is_broken_ && !has_ended_) {
        stop({1, 1}, root_ ? kNoTree : "the file is empty");
    }
    return is_broken_ ? std::nullopt : std::move(root_);
}

void YamlTreeBuilder::error(Mark mark, std::string message, std::string hint) {
    report(problems_, {mark, std::move(message), std::move(hint)});
}

bool YamlTreeBuilder::stop(Mark mark, std::string message) {
    is_broken_ = true;
    error(mark, std::move(message));
    return false;
}

void YamlTreeBuilder::check_marks(const YamlEvent& event) {
    if (event.anchor) {
        error(event.mark, "anchors (&name) are not allowed", "write the value where it is needed");
    }
    if (!event.tag.empty() && event.tag != "?" && event.tag != "!") {
        error(event.mark, "tags (" + in_quotes(event.tag) + ") are not allowed", "leave it out");
    }
}

void YamlTreeBuilder::add_key(const YamlEvent& event, YamlNode::Kind kind) {
    Level& level = levels_.back();
    level.wants_key = false;
    std::string key{event.value};
    level.node->entries.push_back({key, event.mark, {}});
    if (kind == YamlNode::Kind::null) {
        error(event.mark, "a key is missing");
    } else if (event.tag != "!" && key == "<<") {
        error(event.mark, "merge keys (<<) are not allowed", "write the keys here");
    } else if (!level.keys.insert(key).second) {
        error(event.mark, "the key " + in_quotes(key) + " is here twice", "keep one of them");
        level.node->entries.back().key.clear();
    }
}

bool YamlTreeBuilder::add(const YamlEvent& event, YamlNode::Kind kind) {
    if (!has_place()) {
        return stop(event.mark, kNoTree);
    }
    check_marks(event);
    if (!levels_.empty() && levels_.back().wants_key) {
        add_key(event, kind);
        return true;
    }
    YamlNode& node = place(event, kind);
    node.text = event.value;
    node.plain = kind == YamlNode::Kind::scalar && event.tag != "!";
    return true;
}

bool YamlTreeBuilder::has_place() const {
    return !levels_.empty() || !root_;
}

YamlNode& YamlTreeBuilder::place(const YamlEvent& event, YamlNode::Kind kind) {
    YamlNode* placed = nullptr;
    if (levels_.empty()) {
        placed = &root_.emplace();
    } else if (Level& level = levels_.back(); level.node->kind == YamlNode::Kind::list) {
        placed = &level.node->items.emplace_back();
    } else {
        placed = &level.node->entries.back().value;
        level.wants_key = true;
    }
    placed->kind = kind;
    placed->mark = event.mark;
    return *placed;
}

bool YamlTreeBuilder::open(const YamlEvent& event, YamlNode::Kind kind) {
    if (!has_place()) {
        return stop(event.mark, kNoTree);
    }
    check_marks(event);
    if (levels_.size() >= kYamlDepthMax) {
        return stop(event.mark, "nested deeper than 32 levels");
    }
    if (!levels_.empty() && levels_.back().wants_key) {
        return stop(event.mark, "a key must be text, not a list or map");
    }
    YamlNode& node = place(event, kind);
    levels_.push_back({&node, kind == YamlNode::Kind::map});
    return true;
}

bool YamlTreeBuilder::close(YamlNode::Kind kind) {
    if (levels_.empty() || levels_.back().node->kind != kind ||
        (kind == YamlNode::Kind::map && !levels_.back().wants_key)) {
        return stop({1, 1}, kNoTree);
    }
    levels_.pop_back();
    return true;
}

bool YamlTreeBuilder::end_document() {
    if (!levels_.empty() || !root_) {
        return stop({1, 1}, kNoTree);
    }
    has_ended_ = true;
    return true;
}

}  // namespace tollgate::policy

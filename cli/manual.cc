#include "cli/manual.h"

#include <algorithm>

namespace guichet::cli {
namespace {

// Text that troff takes as it is: no escape, no request at the beginning of a line, hyphens as typed.
std::string plain_troff(const std::string& text) {
  std::string out = text.starts_with('.') || text.starts_with('\'') ? "\\&" : "";
  for (const char octet : text) {
    if (octet == '\\')
      out += "\\e";
    else if (octet == '-')
      out += "\\-";
    else
      out += octet;
  }
  return out;
}

std::string head_of(const OptionWords& option) {
  std::string head;
  for (const auto& name : option.names)
    head.append(head.empty() ? "" : ", ").append("\\fB" + plain_troff(name) + "\\fR");
  if (!option.value.empty())
    head.append(head.empty() ? "" : " ").append("\\fI" + plain_troff(option.value) + "\\fR");
  return head;
}

std::string paragraph(const OptionWords& option) {
  return ".TP\n" + head_of(option) + "\n" + plain_troff(option.summary) + "\n";
}

std::string arguments_of(const CommandPage& page) {
  std::string text;
  for (const auto& option : page.options)
    if (option.positional)
      text += option.required ? " \\fI" + plain_troff(option.value) + "\\fR"
                              : " [\\fI" + plain_troff(option.value) + "\\fR]";
  return text;
}

bool is_help(const OptionWords& option) {
  return std::ranges::find(option.names, "--help") != option.names.end();
}

// A group is in its members.
std::string section(const CommandPage& page) {
  if (!page.subcommands.empty()) return "";
  std::string text =
      ".SS guichet " + plain_troff(page.path) + arguments_of(page) + "\n" + plain_troff(page.summary) + ".\n";
  for (const auto& option : page.options)
    if (!is_help(option)) text += paragraph(option);
  return text;
}

constexpr const char* end_of_page =
    ".SH EXIT STATUS\n"
    "0: done. 1: it could not be done, or there is damage. 2: the command line or the configuration is\n"
    "wrong, and nothing was started. Each failure is a line on standard error.\n"
    ".SH FILES\n"
    ".TP\n\\fI/etc/guichet/guichet.toml\\fR\n"
    "The configuration. \\fBguichet config sample\\fR prints one with every key there is, what it does and\n"
    "its default.\n"
    ".SH SEE ALSO\n"
    "The pages in \\fI/usr/share/doc/guichet\\fR.\n";

}  // namespace

std::string manual(const std::vector<CommandPage>& pages, const std::string& version) {
  const auto& program = pages.front();
  std::string text = ".TH GUICHET 1 \"\" \"guichet " + plain_troff(version) + "\"\n.SH NAME\nguichet \\- " +
                     "the inbound mail gateway of an Alaveteli site\n.SH SYNOPSIS\n\\fBguichet\\fR " +
                     "[\\fIoptions\\fR] \\fIcommand\\fR [\\fIarguments\\fR]\n.SH OPTIONS\n" +
                     "They may stand before or behind the command.\n";
  for (const auto& option : program.options)
    text += paragraph(option);
  text += ".SH COMMANDS\n";
  for (const auto& page : pages)
    text += section(page);
  return text + end_of_page;
}

}  // namespace guichet::cli

#include "tests/filters/mime_samples.h"

#include <string_view>

namespace guichet::filters::samples {
namespace {

constexpr std::string_view text_only = "From: a@b.example\nSubject: Hi\n\nHello.\n";

constexpr std::string_view french_reply = R"(From: =?utf-8?Q?Minist=C3=A8re?= <cada@gouv.example>
To: request-1-abcdef@madada.example
Subject: =?iso-8859-1?Q?R=E9ponse_=E0_votre_demande?=
Message-ID: <1@gouv.example>
In-Reply-To: <2@madada.example>
Date: Fri, 27 Nov 2026 10:00:00 +0100
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="=_outer"

This is a message in MIME format.
--=_outer
Content-Type: multipart/alternative; boundary="=_inner"

--=_inner
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Voici la d=C3=A9cision, =
ci-jointe.
--=_inner
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: 8bit

<p>Voici la décision.</p>

--=_inner--

--=_outer
Content-Type: application/pdf
Content-Transfer-Encoding: base64
Content-Disposition: attachment;
 filename*0*=utf-8''D%C3%A9cision%20;
 filename*1*=n%C2%B0%2012.pdf

JVBERi0xLjQKJcOkw7zDtsOf
Cg==
--=_outer
Content-Type: application/octet-stream; name="=?utf-8?B?cmVsZXbDqS5jc3Y=?="
Content-Transfer-Encoding: base64

YTtiO2MK
--=_outer--
Epilogue.
)";

constexpr std::string_view forwarded = R"(From: a@b.example
Subject: Fwd
Content-Type: multipart/mixed; boundary=b1

--b1
Content-Type: text/plain

See below.
--b1
Content-Type: message/rfc822
Content-Disposition: attachment; filename="forwarded.eml"

From: c@d.example
Subject: inner
Content-Type: multipart/mixed; boundary=b2

--b2

inner text
--b2
Content-Type: message/rfc822

Subject: innermost

innermost text
--b2--
--b1--
)";

constexpr std::string_view no_final_boundary = R"(Subject: cut
Content-Type: multipart/mixed; boundary=b1

--b1
Content-Type: text/plain

first
--b1
Content-Type: application/octet-stream
Content-Transfer-Encoding: base64

YWJjZGVm
)";

constexpr std::string_view inner_ends_early = R"(Subject: early
Content-Type: multipart/mixed; boundary=b1

--b1
Content-Type: multipart/alternative; boundary=b2

--b2
Content-Type: text/plain

inner
--b1
Content-Type: text/plain

outer
--b1--
)";

constexpr std::string_view digest = R"(Subject: digest
Content-Type: multipart/digest; boundary=b1

--b1

Subject: one

first
--b1

Subject: two

second
--b1--
)";

constexpr std::string_view message_alone = R"(Subject: alone
Content-Type: message/rfc822

Subject: inner

text
)";

constexpr std::string_view colon_in_boundary = R"(Subject: colon
Content-Type: multipart/mixed; boundary="a: b"

--a: b
--a: b
Content-Type: text/html

<p>
--a: b--
)";

constexpr std::string_view signed_letter = R"(Subject: signed
Content-Type: multipart/signed; boundary=s; protocol="application/pgp-signature"; micalg=pgp-sha256

--s
Content-Type: text/plain

signed text
--s
Content-Type: application/pgp-signature; name="signature.asc"

-----BEGIN PGP SIGNATURE-----
-----END PGP SIGNATURE-----
--s--
)";

constexpr std::string_view outlook_name = R"(Subject: Outlook
Content-Type: multipart/mixed; boundary="----=_NextPart_000"

------=_NextPart_000
Content-Type: application/msword; name=Mon rapport (1).doc
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename=Mon rapport (1).doc

0M8R4KGxGuE=
------=_NextPart_000--
)";

}  // namespace

std::string with_crlf(std::string_view text) {
  std::string out;
  for (const char c : text)
    out += c == '\n' ? std::string("\r\n") : std::string(1, c);
  return out;
}

std::vector<Sample> all() {
  return {
      {"text_only", with_crlf(text_only)},
      {"french_reply", with_crlf(french_reply)},
      {"french_reply_lf", std::string(french_reply)},
      {"forwarded", with_crlf(forwarded)},
      {"digest", with_crlf(digest)},
      {"message_alone", with_crlf(message_alone)},
      {"signed_letter", with_crlf(signed_letter)},
      {"no_final_boundary", with_crlf(no_final_boundary)},
      {"inner_ends_early", with_crlf(inner_ends_early)},
      {"colon_in_boundary", with_crlf(colon_in_boundary), false},
      {"outlook_name", with_crlf(outlook_name), false},
      {"no_header", with_crlf("\nbody only\n")},
      {"no_header_nor_empty_line", with_crlf("body only\n"), false},
      {"empty", "", false},
      {"no_boundary_parameter", with_crlf("Content-Type: multipart/mixed\n\n--x\n\na\n--x--\n"), false},
      {"boundary_never_comes", with_crlf("Content-Type: multipart/mixed; boundary=x\n\ntext\n"), false},
      {"type_without_grammar", with_crlf("Content-Type: pdf\n\ntext\n")},
      {"bare_returns", "Content-Type: multipart/mixed; boundary=x\r\r--x\r\ra\r--x--\r", false},
  };
}

}  // namespace guichet::filters::samples

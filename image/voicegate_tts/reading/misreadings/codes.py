"""Telephone numbers, codes and names of digits."""

from __future__ import annotations

from ..chinese_numbers import digit_by_digit
from .rules import NO_DIGIT, Match, Rules

RULES = Rules()


@RULES.on(r"\+ ?([1-9](?:[ -]?[0-9]){7,14})(?![0-9])")
def _international(m: Match) -> str:
    country, _, rest = m[1].replace("-", " ").partition(" ")
    if not rest:
        country, rest = ("86", m[1][2:]) if m[1].startswith("86") else ("", m[1])
    return "加" + digit_by_digit(country) + digit_by_digit(rest, telephone=True)


@RULES.on(rf"{NO_DIGIT}(1[3-9][0-9])[ -]?([0-9]{{4}})[ -]?([0-9]{{4}})(?![0-9])")
def _mobile(m: Match) -> str:
    return digit_by_digit(m[1] + m[2] + m[3], telephone=True)


@RULES.on(rf"{NO_DIGIT}[(（]?(0[0-9]{{2,3}})[)）]?[ -]?([0-9]{{3,4}})[ -]?([0-9]{{4}})(?![0-9])")
def _landline(m: Match) -> str:
    return digit_by_digit(m[1] + m[2] + m[3], telephone=True)


@RULES.on(rf"{NO_DIGIT}([48]00)[ -]?([0-9]{{3}})[ -]?([0-9]{{4}})(?![0-9])")
def _service_number(m: Match) -> str:
    return digit_by_digit(m[1] + m[2] + m[3], telephone=True)


@RULES.on(
    r"((?:拨打|热线|电话|客服|报警|拨|打|致电|短号)(?:了|号码|号|是|为|：|:| ){0,2})"
    r"(1[0-9]{2}|[19][0-9]{4}|[0-9]{6,12})(?![0-9.元块个])"
)
def _hotline(m: Match) -> str:
    return m[1] + digit_by_digit(m[2], telephone=True)


@RULES.on(r"(幺[零一二三四五六七八九幺]{2}[或和、/])(1[0-9]{2})(?![0-9.])")
def _second_hotline(m: Match) -> str:
    return m[1] + digit_by_digit(m[2], telephone=True)


@RULES.on(
    r"((?:验证码|校验码|密码|邮编|邮政编码|编号|尾号|账号|卡号|工号|学号|单号|口令|取件码|房间号|发票号|航班号?|车牌号?|证号|QQ号?"
    r"|ID号?)(?:码)?[是为：: ]{0,3}[A-Z]{0,3})([0-9][0-9 -]{1,22}[0-9])(?![0-9.])"
)
def _code(m: Match) -> str:
    return m[1] + digit_by_digit(m[2], telephone=True)


@RULES.on(r"(?<=[京沪粤津渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵青藏川宁琼][A-Z])([A-Z]?[0-9]{4,6})(?![0-9])")
def _number_plate(m: Match) -> str:
    return (m[1][0] if m[1][0].isalpha() else "") + digit_by_digit(m[1], telephone=True)


@RULES.on(r"(?<![A-Za-z])([GDCZTK])([0-9]{2,4})(?=次|号?列车|动车|高铁)")
def _train(m: Match) -> str:
    return m[1] + digit_by_digit(m[2], telephone=True)


@RULES.on(rf"{NO_DIGIT}([0-9]{{3,4}})(?=室|房间|号房|教室|会议室|包厢)")
def _room(m: Match) -> str:
    return digit_by_digit(m[1], telephone=True)


@RULES.on(
    r"(?<![0-9.])(996|985|211|618|007|315|12306|10086|10010|10000)(?=工作|高校|大促|大学|购物|活动|福报|院校|晚会|客服|网)"
)
def _names(m: Match) -> str:
    return digit_by_digit(m[1])

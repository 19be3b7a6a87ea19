package dev.mtd.sample

import dev.mtd.agent.Language

/** The few words of the screen itself. All others are the agent's explanation, in the same language. */
internal class Words(
    val loading: String,
    val notScanned: String,
    val check: String,
    val checking: String,
    val again: String,
    val failed: String,
    val found: String,
    val nothingFound: String,
    val whatToDo: String,
    val toReach: (level: String) -> String,
    val notChecked: String,
    val shared: String,
    val sharedNothing: String,
    val sharedWith: (tenant: String, apps: Boolean) -> String,
    val queued: (count: Int) -> String,
    val code: String,
    val enroll: String,
) {
    companion object {
        fun of(language: Language): Words = when (language) {
            Language.EN -> ENGLISH
            Language.KO -> KOREAN
        }
    }
}

private val ENGLISH = Words(
    loading = "One moment…",
    notScanned = "This device has not been checked yet.",
    check = "Check now",
    checking = "Checking apps, network and device…",
    again = "Try again",
    failed = "That did not work",
    found = "What was found",
    nothingFound = "Nothing that raises the risk.",
    whatToDo = "What to do",
    toReach = { "To reach “$it”" },
    notChecked = "What could not be checked",
    shared = "What is shared",
    sharedNothing = "Nothing. This device is not enrolled; all of this stays on it.",
    sharedWith = { tenant, apps -> "Findings go to $tenant. The list of apps ${if (apps) "goes" else "does not go"} with them." },
    queued = { if (it == 0) "No report waits." else "Waiting to be sent, exactly as it will be ($it):" },
    code = "Code of your organisation",
    enroll = "Enrol",
)

private val KOREAN = Words(
    loading = "잠시만 기다려 주세요…",
    notScanned = "아직 이 기기를 검사하지 않았습니다.",
    check = "지금 검사",
    checking = "앱, 네트워크, 기기를 검사하는 중…",
    again = "다시 시도",
    failed = "완료하지 못했습니다",
    found = "발견된 항목",
    nothingFound = "위험을 높이는 항목이 없습니다.",
    whatToDo = "해결 방법",
    toReach = { "‘$it’ 수준이 되려면" },
    notChecked = "검사하지 못한 항목",
    shared = "공유되는 정보",
    sharedNothing = "없음. 이 기기는 등록되지 않았으며 모든 정보는 기기 안에만 있습니다.",
    sharedWith = { tenant, apps -> "발견된 항목을 ${tenant}에 보냅니다. 앱 목록은 함께 ${if (apps) "보냅니다" else "보내지 않습니다"}." },
    queued = { if (it == 0) "대기 중인 보고서가 없습니다." else "전송 대기 중, 보낼 내용 그대로 (${it}건):" },
    code = "조직의 등록 코드",
    enroll = "등록",
)

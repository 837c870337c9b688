// The verifier's sentences in Chinese.
export const inChinese = (said) => null;
